import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { WorkerConfig } from '../../sdk/src/worker/config/WorkerConfig.js'
import { root } from '../lib/artifacts.js'

/** One prover of the demonstration. */
export interface ProverRole {
  readonly name: string
  /** What a reader should know of it. */
  readonly note: string
  /** Module that is run: the worker, or one of the misbehaving doubles of the tests. */
  readonly entry: string
  /** What differs from the others' configuration. */
  readonly config: Partial<Record<keyof WorkerConfig, unknown>>
}

const WORKER = 'sdk/dist/worker/main.js'
const READY_ATTEMPTS = 3000
const READY_PAUSE_MS = 100

/** What the honest provers run programs in, as their configuration says it. */
export type RuntimeChoice = Pick<
  Partial<Record<keyof WorkerConfig, unknown>>,
  'runtime' | 'nanosKernel' | 'nanosKernelSha256'
>

/** The cast, and what the honest ones but the slow one run programs in. */
export function cast(programs: readonly string[], runtime: RuntimeChoice): readonly ProverRole[] {
  const slow = runtime.runtime === 'nanos' ? runtime : { runtime: 'linux' }
  return [
    { name: 'alice', note: 'keeper too', entry: WORKER, config: { ...runtime, claimOpen: true, keeper: true } },
    { name: 'bob', note: 'keeper too', entry: WORKER, config: { ...runtime, claimOpen: true, keeper: true } },
    { name: 'slow', note: 'in an emulated microVM', entry: WORKER, config: { ...slow, claimOpen: true } },
    { name: 'picky', note: 'declines these programs', entry: WORKER, config: { ...runtime, denyPrograms: programs } },
    { name: 'silent', note: 'never answers', entry: 'test/support/provers/silent.ts', config: {} },
    { name: 'junk', note: 'commits junk', entry: 'test/support/provers/junk.ts', config: {} },
  ]
}

/** Comes when seats have to qualify. */
export const newcomer: ProverRole = { name: 'nova', note: 'joins by solving the puzzle', entry: WORKER, config: {} }

/** What every prover of the demonstration shares. */
export interface ProverGround {
  /** Folder of the whole demonstration. */
  readonly directory: string
  readonly rpcUrl: string
  readonly deployment: string
  readonly store: string
  readonly inbox: string
}

/** A prover as a process of its own. */
export class ProverProcess {
  readonly role: ProverRole
  readonly #process: ChildProcess
  readonly #log: string

  private constructor(role: ProverRole, process: ChildProcess, log: string) {
    this.role = role
    this.#process = process
    this.#log = log
  }

  /**
   * Writes the prover's key and configuration and starts it. Its log is `<directory>/<name>/log.jsonl`.
   * @param privateKey The operator's key; goes into a file only the owner can read.
   */
  static start(role: ProverRole, ground: ProverGround, privateKey: string): ProverProcess {
    const home = join(ground.directory, role.name)
    mkdirSync(home, { recursive: true })
    const keyFile = join(home, 'key')
    writeFileSync(keyFile, privateKey.replace(/^0x/, ''), { mode: 0o600 })
    const config: Partial<Record<keyof WorkerConfig, unknown>> = {
      rpcUrl: ground.rpcUrl,
      deployment: ground.deployment,
      keyFile,
      dataDirectory: join(home, 'data'),
      contentDirectories: [ground.store],
      inboxes: [ground.inbox],
      logFile: join(home, 'log.jsonl'),
      // A local chain: a block a second, and nothing is ever reorged.
      pollMs: 300,
      confirmations: 1,
      safetySeconds: 1,
      keeperSpreadSeconds: 1,
      ...role.config,
    }
    const configFile = join(home, 'config.json')
    writeFileSync(configFile, JSON.stringify(config, undefined, 2))
    const loader = role.entry.endsWith('.ts') ? ['--import', 'tsx'] : []
    const child = spawn(process.execPath, [...loader, join(root, role.entry), configFile], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
    child.once('exit', (code) => {
      if (code) process.stderr.write(`\n${role.name} stopped with ${code}; see ${home}/log.jsonl\n${complaint}\n`)
    })
    return new ProverProcess(role, child, join(home, 'log.jsonl'))
  }

  /** Waits until the prover says that it follows the chain. */
  async ready(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < READY_ATTEMPTS; attempt += 1) {
      if (this.#process.exitCode !== null) break
      if (existsSync(this.#log) && /"(worker|prover) started"/.test(readFileSync(this.#log, 'utf8'))) return
      await sleep(READY_PAUSE_MS, undefined, { signal })
    }
    throw new Error(`${this.role.name} did not start; see ${this.#log}`)
  }

  /** Asks the prover to stop and waits until it has. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGTERM')
    await once(this.#process, 'exit')
  }
}
