import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { root } from '../lib/artifacts.js'

const READY_ATTEMPTS = 3000
const READY_PAUSE_MS = 100

/** What is started. */
export interface DaemonSpec {
  readonly name: string
  /** Module that is run. */
  readonly entry: string
  /** Folder of the whole demonstration. */
  readonly directory: string
  /** The operator's key; goes into a file only the owner can read. */
  readonly privateKey: string
  /** Its configuration beside key, data and log. */
  readonly config: Readonly<Record<string, unknown>>
}

/** A prover or validator as a process of its own. Its log is `<directory>/<name>/log.jsonl`. */
export class DaemonProcess {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #log: string

  private constructor(name: string, process: ChildProcess, log: string) {
    this.#name = name
    this.#process = process
    this.#log = log
  }

  /** Writes key and configuration and starts it. */
  static start({ name, entry, directory, privateKey, config }: DaemonSpec): DaemonProcess {
    const home = join(directory, name)
    mkdirSync(home, { recursive: true })
    const keyFile = join(home, 'key')
    writeFileSync(keyFile, privateKey.replace(/^0x/, ''), { mode: 0o600 })
    const logFile = join(home, 'log.jsonl')
    const configFile = join(home, 'config.json')
    const whole = { keyFile, dataDirectory: join(home, 'data'), logFile, ...config }
    writeFileSync(configFile, JSON.stringify(whole, undefined, 2))
    const loader = entry.endsWith('.ts') ? ['--import', 'tsx'] : []
    const child = spawn(process.execPath, [...loader, join(root, entry), configFile], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
    child.once('exit', (code) => {
      if (code) process.stderr.write(`\n${name} stopped with ${code}; see ${logFile}\n${complaint}\n`)
    })
    return new DaemonProcess(name, child, logFile)
  }

  /** Waits until it says that it follows the chain. */
  async ready(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < READY_ATTEMPTS; attempt += 1) {
      if (this.#process.exitCode !== null) break
      const log = existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : ''
      if (/"(worker|prover|validator) started"/.test(log)) return
      await sleep(READY_PAUSE_MS, undefined, { signal })
    }
    throw new Error(`${this.#name} did not start; see ${this.#log}`)
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGTERM')
    await once(this.#process, 'exit')
  }
}
