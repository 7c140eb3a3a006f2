import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { root } from '../../../scripts/lib/artifacts.js'

/** Aztec's own broker and JSON-RPC server as a process, from a folder with its packages. */
export class RealBroker {
  readonly #packages: string
  readonly #timeoutMs: number
  #port = 0
  #process: ChildProcess | undefined

  /** @param packages Folder whose node_modules hold them; `npm run test:aztec` makes it. */
  constructor(packages: string, timeoutMs: number) {
    this.#packages = packages
    this.#timeoutMs = timeoutMs
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Starts it, without anything that it knew before; again at the same port. */
  async start(): Promise<this> {
    const script = join(root, 'scripts/aztec/realBroker.mjs')
    const child = spawn(process.execPath, [script, this.#packages, String(this.#port), String(this.#timeoutMs)], {
      // It ends with its input, so also when this process is killed.
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LOG_LEVEL: 'silent' },
    })
    this.#process = child
    for await (const line of createInterface({ input: child.stdout })) {
      const found = /^\{"port":(\d+)\}$/.exec(line)?.[1]
      if (found === undefined) continue
      this.#port = Number(found)
      child.stdout.resume()
      return this
    }
    throw new Error('the broker ended before it listened')
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
