import { parseEther } from 'ethers'
import { connect } from '../chain/connect.js'
import { deploymentOf } from '../chain/deployment.js'
import type { Address, ProgramId } from '../chain/hex.js'
import { untilMined } from '../chain/untilMined.js'
import { createClient } from '../client/createClient.js'
import { systemClock } from '../clock.js'
import { DirectoryStore } from '../content/DirectoryStore.js'
import { deploy } from '../deploy/deploy.js'
import { devnet as parameters } from '../deploy/parameters.js'
import { runtimeError } from '../errors/codes/runtime.js'
import { createRuntime } from '../runtime/createRuntime.js'
import type { RuntimeName } from '../runtime/Runtime.js'
import { Anvil, DEVNET_CHAIN_ID } from './Anvil.js'
import { DevnetDirectory, writeKey } from './DevnetDirectory.js'
import { DevnetProver } from './DevnetProver.js'
import { deployExample } from './exampleProgram.js'
import { findAnvil } from './findAnvil.js'

/** Options of {@link startDevnet}. */
export interface DevnetOptions {
  /** Where its files go: a directory of its own. What an earlier network left there is removed. */
  readonly directory: string
  /** Port of the chain on the loopback interface; default 8545, 0 for any free one. */
  readonly port?: number
  /** Provers with one seat each, 1 to 8; default 3. */
  readonly provers?: number
  /** What they run programs in; default `bubblewrap`, which is for programs you trust. */
  readonly runtime?: Exclude<RuntimeName, 'nanos'>
  /** The project in which the package `@foundry-rs/anvil` is looked for; default the working directory. */
  readonly project?: string
  /** Stops the start; a network that has started is stopped by {@link Devnet.stop}. */
  readonly signal?: AbortSignal
  /** Called with what is going on. */
  readonly onProgress?: (step: string) => void
}

/** What one needs to use a local network. The same is in its file `devnet.json`. */
export interface DevnetInfo {
  readonly rpcUrl: string
  readonly chainId: number
  /** Path of the configuration of the command line, for `--config`. */
  readonly config: string
  /** Path of the deployment record. */
  readonly deployment: string
  /** Directory of the content store. */
  readonly store: string
  /** An account with ether and tokens, and the file of its key. */
  readonly requester: { readonly account: Address; readonly keyFile: string }
  /** The account that deployed and owns everything; account 0 of every local chain. */
  readonly owner: Address
  readonly contracts: { readonly market: Address; readonly registry: Address; readonly token: Address }
  /** The example program: hashcash over `public_inputs`. */
  readonly program: ProgramId
  readonly provers: readonly {
    readonly name: string
    readonly operator: Address
    readonly seat: number
    readonly log: string
  }[]
}

/** A local network that runs in this process, its chain as a child. */
export interface Devnet {
  readonly info: DevnetInfo
  /** Resolves with the error when something of it ends by itself; never, if it is stopped before. */
  readonly failure: Promise<Error>
  /** Stops the provers, then the chain. The files stay, to be looked at. */
  stop(): Promise<void>
}

const SUPPLY_OF_REQUESTER = parseEther('1000000')
const BLOCK_SECONDS = 1
const MOST_PROVERS = 8

/**
 * Starts a local network: a chain, all contracts with windows of seconds, a requester's account with money, provers at work, and an example
 * program. For development and tests: its keys are public.
 * @example
 * const devnet = await startDevnet({ directory: '.gevulot/devnet' })
 * try { await test(devnet.info) } finally { await devnet.stop() }
 * @throws GevulotError `DEVNET_*`, RUNTIME_UNAVAILABLE; the reason of `signal`.
 */
export async function startDevnet(options: DevnetOptions): Promise<Devnet> {
  const { directory, port = 8545, runtime = 'bubblewrap', onProgress = () => undefined } = options
  const signal = options.signal ?? new AbortController().signal
  const count = Math.max(1, Math.min(MOST_PROVERS, Math.floor(options.provers ?? 3)))
  const binary = findAnvil(options.project ?? process.cwd())
  const closers: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const files = await DevnetDirectory.take(directory)
    closers.push(() => files.release())
    await assertRuntime(runtime, files.file('provers', 'runtime'))
    onProgress('starting a chain')
    // Seats count from the next epoch on: the chain begins that much earlier and catches up.
    const head = 2 * parameters.epochLength
    const chain = await Anvil.start({ binary, port, time: Math.floor(systemClock.now() / 1000) - head, signal })
    closers.push(() => chain.stop())

    onProgress('deploying the contracts')
    const owner = chain.wallet(0)
    const record = await deploy({ owner, network: 'devnet', parameters })
    const deployment = deploymentOf(record)
    const contracts = await connect(deployment, owner)
    // A local network is everybody's: whoever uses it may stake too.
    await untilMined(await contracts.registry.openAdmission())
    await files.write('deployment.json', record)
    signal.throwIfAborted()
    const requester = chain.wallet(1)
    await chain.fund(requester.address)
    await untilMined(await contracts.token.transfer(requester.address, SUPPLY_OF_REQUESTER))
    const store = new DirectoryStore(files.file('content'))
    const { program } = await deployExample(await createClient({ deployment, signer: owner, pollMs: 50 }), owner, store)

    onProgress('staking seats')
    const provers: DevnetProver[] = []
    for (let index = 1; index <= count; index++) {
      signal.throwIfAborted()
      const ground = { chain, deployment, contracts, files, runtime }
      provers.push(await DevnetProver.create(`prover-${index}`, ground))
    }
    await chain.pass(head)
    await chain.keepTime(BLOCK_SECONDS)

    onProgress('starting the provers')
    const { failure, started, halt } = runAll(provers, chain)
    closers.push(halt)
    await Promise.race([started, failure.then((error) => Promise.reject(error)), aborted(signal)])

    const keyFile = await writeKey(files.file('requester.key'), requester.privateKey)
    const config = await files.write('gevulot.json', {
      ...{ rpcUrl: chain.url, deployment: 'deployment.json', keyFile: 'requester.key', store: 'content' },
    })
    const { market, registry, token } = contracts.addresses
    const info: DevnetInfo = {
      ...{ rpcUrl: chain.url, chainId: DEVNET_CHAIN_ID, config, deployment: files.file('deployment.json') },
      ...{ store: files.file('content'), requester: { account: requester.address as Address, keyFile } },
      ...{ owner: owner.address as Address, contracts: { market, registry, token }, program },
      provers: provers.map(({ name, operator, seat, log }) => ({ name, operator, seat, log })),
    }
    await files.write('devnet.json', info)
    return { info, failure, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Runs the workers; `halt` ends them and waits. */
function runAll(provers: readonly DevnetProver[], chain: Anvil) {
  const stopping = new AbortController()
  const running: Promise<void>[] = []
  let fail: (error: Error) => void = () => undefined
  const failure = new Promise<Error>((resolve) => (fail = resolve))
  const started = provers.map(
    (prover) =>
      new Promise<void>((resolve) => {
        const onEnd = (error: unknown): void => {
          if (!stopping.signal.aborted) fail(error instanceof Error ? error : new Error(`${prover.name} ended`))
        }
        running.push(prover.run(stopping.signal, resolve).then(onEnd, onEnd))
      }),
  )
  void chain.ended.then(() => {
    if (!stopping.signal.aborted) fail(new Error('the chain ended'))
  })
  const halt = async (): Promise<void> => {
    stopping.abort(new Error('the local network stops'))
    await Promise.all(running)
  }
  return { failure, started: Promise.all(started), halt }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

async function assertRuntime(name: RuntimeName, cacheDirectory: string): Promise<void> {
  const check = await createRuntime(name, { cacheDirectory }).check()
  if (check.available) return
  throw runtimeError('RUNTIME_UNAVAILABLE', `the runtime ${name} does not work: ${check.reason}; ${check.fix}`)
}
