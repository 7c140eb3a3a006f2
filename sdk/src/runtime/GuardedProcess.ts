import { spawn, type ChildProcess } from 'node:child_process'
import { Writable } from 'node:stream'
import { systemClock } from '../clock.js'

/** How a guarded process ended. */
export interface ProcessEnd<Reason extends string> {
  /** Why we killed it, if we did. */
  readonly killed?: Reason
  readonly code: number | null
  /** Set when the process could not even be started. */
  readonly error?: Error
}

/** What to start. */
export interface ProcessSpec {
  readonly command: string
  readonly args: readonly string[]
  /** Standard output and error, in the order in which they were written. */
  readonly onOutput: (bytes: Uint8Array) => void
  /** Takes standard error instead, if the two must be told apart. */
  readonly onError?: (bytes: Uint8Array) => void
  /** File descriptor 3, for the process's reports to us. */
  readonly onReport?: (bytes: Uint8Array) => void
  readonly signal?: AbortSignal
}

// Node hands on every descriptor that its own parent left open; a sandbox must not inherit one. Only bash can close
// descriptors above 9; with a socket as standard input it would read the user's .bashrc.
const START = `
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  if ((fd > 3)); then eval "exec $fd>&-"; fi
done
exec "$@"`

/**
 * A process in a group of its own that certainly ends: SIGKILL for the whole group at a deadline, at the caller's
 * signal, or when someone calls `kill`. Only the first reason counts. Outputs are drained to the end.
 */
export class GuardedProcess<Reason extends string = never> {
  /** Resolves, and never rejects, when the process and all its pipes are gone. */
  readonly ended: Promise<ProcessEnd<Reason | 'aborted'>>
  readonly #child: ChildProcess
  readonly #over = new AbortController()
  #killed: Reason | 'aborted' | undefined

  constructor(spec: ProcessSpec) {
    this.#child = spawn(
      'bash',
      ['--norc', '--noprofile', '-c', spec.onError ? START : `${START} 2>&1`, 'bash', spec.command, ...spec.args],
      {
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
        detached: true,
        cwd: '/',
        env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' },
      },
    )
    const abort = (): void => this.kill('aborted')
    spec.signal?.addEventListener('abort', abort)
    // Before anything that may fail: what nobody hears ends us.
    this.ended = new Promise<ProcessEnd<Reason | 'aborted'>>((resolve) => {
      this.#child.once('error', (error) => resolve({ code: null, error }))
      this.#child.once('close', (code) =>
        resolve({ code, ...(this.#killed !== undefined && { killed: this.#killed }) }),
      )
    }).finally(() => {
      this.#over.abort()
      spec.signal?.removeEventListener('abort', abort)
    })
    const [stdin, stdout, stderr, report] = this.#pipes
    // Writing to a process that has just ended is no failure of ours.
    stdin?.on('error', () => undefined)
    stdout?.on('data', spec.onOutput)
    // One pipe for both keeps their order; what still comes here is bash's own.
    stderr?.on('data', spec.onError ?? spec.onOutput)
    report?.on('data', (bytes: Uint8Array) => spec.onReport?.(bytes))
    report?.on('error', () => undefined)
    if (spec.signal?.aborted === true) abort()
  }

  /** The process; 0 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Aborted when the process is gone: for whatever runs beside it. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Kills the group if the process still runs after `milliseconds`. A later deadline does not undo an earlier one. */
  deadline(milliseconds: number, reason: Reason): AbortController {
    const cancel = new AbortController()
    systemClock.sleep(milliseconds, AbortSignal.any([cancel.signal, this.over])).then(
      () => this.kill(reason),
      () => undefined,
    )
    return cancel
  }

  /** A process for which there was no descriptor has no pipes either. */
  get #pipes(): ChildProcess['stdio'] | readonly undefined[] {
    const pipes = this.#child.stdio as ChildProcess['stdio'] | undefined
    return pipes ?? []
  }

  /** Writes to file descriptor 3, for a process that answers there. */
  tell(text: string): void {
    const report = this.#pipes[3]
    if (report instanceof Writable) report.write(text)
  }

  /** Closes standard input: how the process is told that it may go. */
  release(): void {
    this.#child.stdin?.end()
  }

  /** Ends the whole group now. */
  kill(reason: Reason | 'aborted'): void {
    const { pid } = this.#child
    if (this.over.aborted || pid === undefined) return
    this.#killed ??= reason
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // The group is already gone; `close` follows.
    }
  }
}
