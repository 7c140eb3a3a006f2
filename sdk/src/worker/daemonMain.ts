import { GevulotError } from '../errors/GevulotError.js'
import { EXIT_OK, EXIT_TEMPORARY, EXIT_USER } from './exitCodes.js'

/** A process that runs until it is told to stop. */
export interface Daemon {
  /** What `--help` prints. */
  readonly help: () => string
  /** Runs with a configuration file (none: the environment alone); answers the error that ended it. */
  readonly serve: (
    configPath: string | undefined,
    environment: NodeJS.ProcessEnv,
    stop: AbortSignal,
  ) => Promise<{ readonly error: unknown } | undefined>
}

/** The command of a daemon: reads the arguments, runs it, ends the process with its exit code. */
export function daemonMain(daemon: Daemon): void {
  process.on('uncaughtException', broke)
  // The exit is explicit: libraries may keep sockets or timers, and everything of ours is closed and written by now.
  void main(process.argv.slice(2), daemon).then((code) => process.exit(code))
}

async function main(args: readonly string[], { help, serve }: Daemon): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help())
    return EXIT_OK
  }
  if (args.length > 1) {
    process.stderr.write('At most one argument is taken: the path of a JSON file. Try --help.\n')
    return EXIT_USER
  }
  try {
    const failure = await serve(args[0], process.env, signalled())
    return failure === undefined ? EXIT_OK : exitCodeOf(failure.error)
  } catch (error) {
    // Nothing is configured yet, so a person reads this.
    const known = error instanceof GevulotError ? `${error.code}: ${error.message}\n${error.hint}` : String(error)
    process.stderr.write(`${known}\n`)
    return exitCodeOf(error)
  }
}

/** Of itself Node ends with the code that tells a supervisor not to start it again. */
function broke(error: unknown): void {
  // As soon as there is a log it has it, without the secrets that the words of a library may hold.
  const isLogged = process.listenerCount('uncaughtExceptionMonitor') > 0
  if (!isLogged) process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(EXIT_TEMPORARY)
}

/** Aborted by the first SIGTERM or SIGINT; the second ends the process at once. */
function signalled(): AbortSignal {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_TEMPORARY)
    controller.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return controller.signal
}

/** What may go away by itself is temporary; so is what we do not know, for a supervisor's restart resumes all work. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof GevulotError)) return EXIT_TEMPORARY
  return error.retryable ? EXIT_TEMPORARY : EXIT_USER
}
