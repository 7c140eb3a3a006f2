import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'

/** How a {@link Terminal} is opened. */
export interface TerminalOptions {
  readonly columns: number
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
const LOOK_MS = 50

// Tests that are cut short must leave no process behind.
const open = new Set<ChildProcess>()
process.once('exit', () => open.forEach((child) => child.kill('SIGKILL')))

/** A command in a pseudo-terminal, which `script` of util-linux makes. */
export class Terminal {
  readonly #child: ChildProcess
  readonly #ended: Promise<number>
  #raw = ''

  constructor(command: readonly string[], { columns, cwd, env }: TerminalOptions) {
    const line = `stty cols ${columns} rows 40; exec ${command.map(quote).join(' ')}`
    this.#child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
      cwd,
      env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    open.add(this.#child)
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#raw += chunk.toString()))
    this.#ended = once(this.#child, 'close').then(([code]) => {
      open.delete(this.#child)
      return code as number
    })
  }

  /** All that was written, lines written over too, without colours and movements. */
  get text(): string {
    return stripVTControlCharacters(this.#raw)
  }

  /** The lines as they stand in the end: what is written over is gone. */
  get lines(): string[] {
    return this.#raw
      .split('\n')
      .map((line) => stripVTControlCharacters(line.replace(/\r$/, '').split('\r').at(-1) ?? ''))
  }

  /** Presses keys. */
  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /** Waits until something stands behind what stood there before; answers all since then. */
  async until(wanted: RegExp, from = 0, ms = 30_000): Promise<string> {
    const last = Date.now() + ms
    for (;;) {
      const since = this.text.slice(from)
      if (wanted.test(since)) return since
      if (Date.now() > last || this.#child.exitCode !== null) throw new Error(`no ${wanted.source} in:\n${since}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** Waits for the end; answers the exit code of the command. */
  ended(): Promise<number> {
    return this.#ended
  }

  /** Hangs up. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
