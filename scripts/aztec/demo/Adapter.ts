import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { root } from '../../lib/artifacts.js'
import type { Market } from './Market.js'

/** A line of the adapter's log. */
export type AdapterLine = Readonly<Record<string, unknown>> & {
  readonly message: string
  readonly level: string
  readonly stage?: string
  readonly why?: string
}

const LOOK_MS = 200

/** `gevulot aztec serve` as a process of its own, which can be killed and started again. */
export class Adapter {
  readonly log: string
  readonly #config: string
  #process: ChildProcess | undefined

  constructor(market: Market, brokerUrl: string) {
    const home = join(market.ground.directory, 'adapter')
    mkdirSync(home, { recursive: true })
    this.log = join(home, 'log.jsonl')
    this.#config = join(home, 'aztec.json')
    const keyFile = join(home, 'key')
    writeFileSync(keyFile, market.customer.privateKey, { mode: 0o600 })
    const lanes = market.programs.map(({ program, types }) => ({
      ...{ program, types, bundleJobs: 4, bundleWaitMs: 1_000, pace: 1, spareSeconds: 120, maxRunTime: 600 },
    }))
    const config = {
      ...{ brokerUrl, lanes, rpcUrl: market.ground.rpcUrl, deployment: market.ground.deployment, keyFile },
      ...{ dataDirectory: join(home, 'data'), contentDirectory: market.ground.store, inbox: market.ground.inbox },
      ...{ trust: 'program', simulated: true, runtime: 'bubblewrap', pollMs: 300, heartbeatMs: 2_000 },
      ...{ budgetPerEpoch: '100', budgetPerDay: '500', windowSeconds: 3_600, logFile: this.log },
    }
    writeFileSync(this.#config, JSON.stringify(config, undefined, 2))
  }

  /** Starts it, or starts it again. */
  start(): void {
    const child = spawn(process.execPath, [join(root, 'sdk/dist/cli/main.js'), 'aztec', 'serve', this.#config], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
    child.once('exit', (code) => {
      if (code) process.stderr.write(`\nthe adapter stopped with ${code}; see ${this.log}\n${complaint}\n`)
    })
    this.#process = child
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Everything it has said, of all its lives. */
  lines(): readonly AdapterLine[] {
    if (!existsSync(this.log)) return []
    const text = readFileSync(this.log, 'utf8')
    // The last line may be half written.
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as AdapterLine)
  }

  /** Waits for a line behind the first `from`. */
  async line(test: (line: AdapterLine) => boolean, from: number, signal: AbortSignal): Promise<AdapterLine> {
    for (;;) {
      const found = this.lines().slice(from).find(test)
      if (found !== undefined) return found
      if (this.#process?.exitCode !== null) throw new Error(`the adapter has ended; see ${this.log}`)
      await sleep(LOOK_MS, undefined, { signal })
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
}
