import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { root } from '../../../scripts/lib/artifacts.js'

/** A line of a worker's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message: string; readonly stage?: string }

// Tests that are cut short must leave no process behind.
const children = new Set<ChildProcess>()
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')))

const WORKER = 'sdk/src/worker/main.ts'
/** What a process said last comes within this after its end; what it had started may hold its output open for longer. */
const LAST_WORDS_MS = 5_000

/** A prover as a process of its own, with its log. */
export class WorkerProcess {
  readonly lines: LogLine[] = []
  #stderr = ''
  readonly #process: ChildProcess
  readonly #exit: Promise<number | string>

  private constructor(child: ChildProcess) {
    this.#process = child
    children.add(child)
    let rest = ''
    // A character may be in two chunks.
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      this.lines.push(...lines.map((line) => JSON.parse(line) as LogLine))
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.#stderr += chunk))
    const closed = once(child, 'close')
    this.#exit = once(child, 'exit').then(async ([code, signal]) => {
      await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })])
      return (code ?? signal) as number | string
    })
  }

  /**
   * Starts a worker, or another entry that takes the same configuration.
   * @param entry A file of the tree, or of another build by its whole path.
   * @param args After the configuration's path.
   * @param before A command that runs it in another place, and becomes it.
   */
  static start(
    config: string,
    entry = WORKER,
    args: readonly string[] = [],
    before: readonly string[] = [],
  ): WorkerProcess {
    // What is built runs as its users run it, without what our sources need.
    const loader = entry.endsWith('.ts') ? ['--import', 'tsx'] : []
    const command = [...before, process.execPath, ...loader, resolve(root, entry), config, ...args]
    const child = spawn(command[0]!, command.slice(1), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    return new WorkerProcess(child)
  }

  /** Asks it to stop; resolves with the exit code. */
  async stop(): Promise<number | string> {
    this.#process.kill('SIGTERM')
    return this.#exit
  }

  /** Stops it in its tracks; {@link thaw} lets it go on as if nothing had been. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process.kill('SIGCONT')
  }

  /** Ends it the hard way. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }

  /** Resolves with the exit code (or the signal) once it has ended by itself. */
  exited(): Promise<number | string> {
    return this.#exit
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid!
  }

  /** What it wrote to standard error. */
  get stderr(): string {
    return this.#stderr
  }

  /** The end of its log, for messages of failed tests. */
  tail(): string {
    return [...this.lines.slice(-12).map((line) => JSON.stringify(line).slice(0, 400)), this.#stderr].join('\n')
  }

  /** Waits for a line; starting alone takes long on a machine that has much else to do. */
  async line(test: (line: LogLine) => boolean, seconds = 240): Promise<LogLine> {
    for (const end = Date.now() + seconds * 1000; ; await sleep(50)) {
      const found = this.lines.find(test)
      if (found !== undefined) return found
      if (Date.now() > end) throw new Error(`the line did not come in ${seconds} s:\n${this.tail()}`)
    }
  }
}
