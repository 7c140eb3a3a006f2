import {
  connectWallet,
  createBrowserClient,
  MemoryStore,
  type BrowserClient,
  type Deployment,
} from '../../../sdk/src/browser/index.js'
import { api } from '../api.js'
import type { FoundWallet } from './findWallets.js'

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
  /** The account's nonce of an earlier try, so that it is found and not submitted twice. */
  readonly nonce: number | undefined
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
 * @param remember Told the nonce before anything is sent.
 * @returns The workload.
 */
export async function submitWithWallet(
  wallet: FoundWallet,
  wanted: Wanted,
  report: Report,
  remember: (nonce: number) => void,
): Promise<string> {
  const { client, contentUri } = await open(wallet, report)
  const { program, maxRunTime, redundancy, fee, args, files } = wanted
  const balance = await client.getBalance()
  const nonce = wanted.nonce ?? balance.nonce
  remember(nonce)
  if (nonce === balance.nonce && balance.market < fee) {
    report('Waiting for the wallet to pay the fee into the market: it asks once or twice')
    await client.deposit({ amount: fee - balance.market })
  }
  report('Waiting for the wallet to send the request')
  const { workload } = await client.submit({
    ...{ program, maxRunTime, redundancy, fee, inputs: { args, files }, nonce, inputsUri: contentUri },
  })
  report('Giving the inputs to provers')
  await api.publishInputs({ workload, args: [...args], files: mapValues(files, base64) })
  return workload
}

/** Cancels a workload, whatever that takes: after the draw it waits out the delay, and the wallet asks twice. */
export async function cancelWithWallet(wallet: FoundWallet, workload: string, report: Report): Promise<void> {
  const { client } = await open(wallet, report)
  report('Waiting for the wallet; after the draw it asks twice, with the delay of the rules between')
  await client.cancel({ workload: workload as `0x${string}` })
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function mapValues<A, B>(of: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]))
}
