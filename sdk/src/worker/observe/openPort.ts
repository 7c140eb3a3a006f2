import type { Clock } from '../../clock.js'
import type { Closers } from '../Closers.js'
import type { Logger } from '../log/Logger.js'

/** Something that listens. */
interface Listening {
  close(): Promise<void>
}

const AGAIN_MS = 10_000

/** What may be over soon: somebody else has the port, a network (a VPN at boot) has no address yet, or no names. */
const PASSING: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EAI_AGAIN'])

/**
 * Opens a port beside a daemon's work. Where that fails for what may pass, the daemon goes on without it and it is tried again: silence of a seat costs
 * more than a missing figure.
 * @param open Opens it; its error has that of the system as the cause.
 * @returns When it is open, or will be tried again.
 * @throws What `open` throws for what does not pass.
 */
export async function openPort(
  open: () => Promise<Listening>,
  { clock, log, closers }: { readonly clock: Clock; readonly log: Logger; readonly closers: Closers },
): Promise<void> {
  try {
    const opened = await open()
    closers.add(() => opened.close())
    return
  } catch (error) {
    if (!mayPass(error)) throw error
    log.error('a port cannot be opened yet: the work goes on without it', { stage: 'start', error })
  }
  const closing = new AbortController()
  const later = openLater(open, clock, closing.signal)
  closers.add(async () => {
    closing.abort()
    await (await later)?.close()
  })
}

/** Tries until it is open; undefined: nobody waits for it any more. */
async function openLater(
  open: () => Promise<Listening>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Listening | undefined> {
  while (!signal.aborted) {
    try {
      await clock.sleep(AGAIN_MS, signal)
      return await open()
    } catch {
      // It was said, and it is tried again.
    }
  }
  return undefined
}

function mayPass(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && PASSING.has(cause.code)
}
