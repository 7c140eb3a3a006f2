import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { root } from '../../lib/artifacts.js'
import type { LocalChain } from '../../demo/LocalChain.js'
import type { Prepared } from '../setup/prepare.js'
import { ACCOUNTS } from './accounts.js'
import { EPOCH_SLOTS, PROOF_EPOCHS, SLOT_SECONDS } from './timing.js'

/** Its contracts. */
export interface AztecContracts {
  readonly rollup: string
  /** The token of fees and rewards. */
  readonly feeAsset: string
}

type Told = { readonly event: string } & Readonly<Record<string, string>>

const STOP_MS = 20_000

/** Aztec's own sequencer, archiver, prover node and broker in a process of their own, and its contracts on the chain. */
export class AztecNetwork {
  readonly log: string
  readonly #process: ChildProcess
  readonly #told: Told[] = []
  #wake: () => void = () => undefined

  private constructor(child: ChildProcess, directory: string) {
    this.log = join(directory, 'aztec.log')
    this.#process = child
    // Whatever ends this process must not leave the network behind.
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => {
      process.off('exit', kill)
      this.#wake()
    })
    // What is told to a network that has ended is no failure of its own: that it has ended is said where it is waited for.
    child.stdin?.on('error', () => undefined)
    const file = createWriteStream(this.log)
    child.stdout?.pipe(file, { end: false })
    child.stderr?.pipe(file, { end: false })
    createInterface({ input: child.stdio[3] as NodeJS.ReadableStream }).on('line', (line) => {
      this.#told.push(JSON.parse(line) as Told)
      this.#wake()
    })
  }

  /** Starts the process, which deploys the contracts. @param proverId Who earns: it is part of every proof. */
  static async deploy(
    chain: LocalChain,
    { node, packages, environment }: Prepared,
    { directory, proverId }: { readonly directory: string; readonly proverId: string },
  ): Promise<AztecNetwork> {
    const accounts = [ACCOUNTS.deployer, ACCOUNTS.sequencer, ACCOUNTS.publisher].map((index) => chain.wallet(index))
    for (const { address } of accounts) await chain.fund(address, 10_000n)
    const data = join(directory, 'aztec')
    mkdirSync(data, { recursive: true })
    const [deployer, sequencer, publisher] = accounts.map(({ privateKey }) => privateKey)
    const options = {
      ...{ packages, rpcUrl: chain.url, directory: data, proverId, deployer, sequencer, publisher },
      ...{ slotSeconds: SLOT_SECONDS, epochSlots: EPOCH_SLOTS, proofEpochs: PROOF_EPOCHS },
    }
    const child = spawn(node, [join(root, 'scripts/aztec/network.mjs'), JSON.stringify(options)], {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    })
    return new AztecNetwork(child, directory)
  }

  /** Waits until its contracts are deployed. */
  async contracts(signal: AbortSignal): Promise<AztecContracts> {
    return (await this.#event('deployed', signal)) as unknown as AztecContracts
  }

  /** Starts the rest, once the chain keeps time. @returns Where its prover broker listens. */
  async start(signal: AbortSignal): Promise<string> {
    this.#process.stdin?.write('start\n')
    return (await this.#event('ready', signal))['brokerUrl'] ?? ''
  }

  /** From now on slots without transactions get a checkpoint, or get none. */
  propose(wanted: boolean): void {
    this.#process.stdin?.write(`${wanted ? 'propose' : 'pause'}\n`)
  }

  /** Throws if it has ended. */
  assertRuns(): void {
    const { exitCode, signalCode } = this.#process
    if (exitCode === null && signalCode === null) return
    throw new Error(`Aztec's network has ended with ${exitCode ?? signalCode}; see ${this.log}`)
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    child.stdin?.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await once(child, 'exit')
    clearTimeout(timer)
  }

  async #event(name: string, signal: AbortSignal): Promise<Told> {
    const stop = (): void => this.#wake()
    signal.addEventListener('abort', stop, { once: true })
    try {
      for (;;) {
        const found = this.#told.find(({ event }) => event === name)
        if (found !== undefined) return found
        signal.throwIfAborted()
        this.assertRuns()
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}
