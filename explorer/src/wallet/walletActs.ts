import {
  connectWallet,
  createBrowserClient,
  GevulotError,
  MemoryStore,
  type BrowserClient,
  type Deployment,
} from '../../../sdk/src/browser/index.js'
import { api } from '../api.js'
import type { FoundWallet } from './findWallets.js'
import type { Begun } from './pendingSubmission.js'
import { base64Of } from './typed.js'

// Loaded when somebody presses a button that needs a wallet: ethers and the market's ABI are larger than the rest of the page.

/** What a form asks for. */
export interface Wanted {
  readonly program: `0x${string}`
  readonly maxRunTime: number
  readonly redundancy: number
  /** Token units. */
  readonly fee: bigint
  readonly args: readonly string[]
  /** By name; `public_inputs` is among them. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** The earlier try, so that it is found and not submitted twice. */
  readonly begun: Begun | undefined
}

/** How far it has come. */
export type Report = (step: string) => void

/** Connects a wallet to the network of this page's server. */
async function open({ provider }: FoundWallet, report: Report): Promise<{ client: BrowserClient; contentUri: string }> {
  const network = await api.getNetwork({})
  report('Waiting for the wallet to show its account')
  const signer = await connectWallet({ wallet: provider, chainId: network.chainId })
  const { chainId, fromBlock, contracts } = network
  const deployment = { chainId, fromBlock, ...contracts } as Deployment
  const client = await createBrowserClient({ deployment, signer, store: new MemoryStore() })
  return { client, contentUri: network.contentUri }
}

/**
 * Submits a workload: pays what the balance in the market lacks, submits, and gives the inputs to the server. The same call
 * again goes on where it stopped.
 * @param remember Told before anything is sent what the next try has to know.
 * @returns The workload.
 */
export async function submitWithWallet(
  wallet: FoundWallet,
  wanted: Wanted,
  report: Report,
  remember?: (begun: Begun) => void,
): Promise<string> {
  const { client, contentUri } = await open(wallet, report)
  const { program, maxRunTime, redundancy, fee, args, files, begun } = wanted
  const account = client.account ?? ''
  if (begun !== undefined) {
    if (begun.account !== account) throw otherAccount(begun.account, account)
    await nothingOnItsWay(client, account, report)
  }
  const balance = await client.getBalance()
  const nonce = begun?.nonce ?? balance.nonce
  remember?.({ account, nonce })
  if (nonce === balance.nonce && balance.market < fee) {
    report('Waiting for the wallet to pay the fee into the market: it asks once or twice')
    await client.deposit({ amount: fee - balance.market })
  }
  report('Waiting for the wallet to send the request')
  const { workload } = await client.submit({
    ...{ program, maxRunTime, redundancy, fee, inputs: { args, files }, nonce, inputsUri: contentUri },
  })
  report('Giving the inputs to provers')
  await api.publishInputs({ workload, args: [...args], files: mapValues(files, base64Of) }).catch((error: unknown) => {
    // It ended meanwhile: its page tells how.
    if (!GevulotError.is(error, 'CLIENT_NOTHING_TO_DO')) throw error
  })
  return workload
}

/** Waits for what the account sent before: a payment that is on its way is not in the balance yet. */
async function nothingOnItsWay({ contracts }: BrowserClient, account: string, report: Report): Promise<void> {
  const { provider } = contracts
  for (const end = Date.now() + MOST_WAIT_MS; ; await new Promise((resolve) => setTimeout(resolve, 1_000))) {
    const [known, mined] = await Promise.all([
      provider.getTransactionCount(account, 'pending'),
      provider.getTransactionCount(account, 'latest'),
    ])
    if (known <= mined) return
    if (Date.now() > end) throw ON_ITS_WAY
    report('Waiting for what the wallet sent before')
  }
}

const MOST_WAIT_MS = 180_000

const ON_ITS_WAY = new GevulotError(
  'CHAIN_TRANSACTION_TIMEOUT',
  { hint: 'Speed it up or cancel it in the wallet, then go on here.', retryable: true },
  'a transaction of this account is not in a block yet',
)

function otherAccount(wanted: string, shown: string): GevulotError {
  return new GevulotError(
    'CHAIN_SIGNER_MISSING',
    { hint: 'Choose that account in the wallet; or reload this page and forget the request.', retryable: false },
    `the request was begun by ${wanted}, the wallet shows ${shown}`,
  )
}

/** Cancels a workload, whatever that takes: after the draw it waits out the delay, and the wallet asks twice. */
export async function cancelWithWallet(wallet: FoundWallet, workload: string, report: Report): Promise<void> {
  const { client } = await open(wallet, report)
  report('Waiting for the wallet; after the draw it asks twice, with the delay of the rules between')
  await client.cancel({ workload: workload as `0x${string}` })
}

function mapValues<A, B>(of: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]))
}
