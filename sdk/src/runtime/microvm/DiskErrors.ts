/** An access to a disk of a machine that failed on this side: the file's own disk is full, or broken. */
export interface DiskFailure {
  /** Name of the disk. */
  readonly disk: string
  readonly isFull: boolean
  /** What the system called it. */
  readonly reason: string
}

/** What QEMU wants to hear before it tells of anything. */
export const OPEN_EVENTS = '{"execute":"qmp_capabilities"}\n'

// As the C library says it without a locale. The field `nospace` is there for some devices only, and never for an exhausted quota.
const FULL: ReadonlySet<string> = new Set(['No space left on device', 'Disk quota exceeded'])
// An event has some two hundred bytes.
const MAX_LINE = 65_536

/**
 * Reads QEMU's events for disks that failed. The guest gets an error too, but it may take that for anything, and what it says of it is not to be believed.
 * These lines are no more so: a guest that took QEMU over can write them, and ends its own run.
 */
export class DiskErrors {
  readonly #onFailure: (failure: DiskFailure) => void
  #line = ''

  constructor(onFailure: (failure: DiskFailure) => void) {
    this.#onFailure = onFailure
  }

  /** Takes in more bytes. */
  write(bytes: Uint8Array): void {
    const lines = (this.#line + Buffer.from(bytes).toString('latin1')).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, MAX_LINE)
    for (const line of lines) {
      const failure = failureOf(line)
      if (failure !== undefined) this.#onFailure(failure)
    }
  }
}

function failureOf(line: string): DiskFailure | undefined {
  if (!line.includes('BLOCK_IO_ERROR')) return undefined
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(event) || event['event'] !== 'BLOCK_IO_ERROR' || !isRecord(event['data'])) return undefined
  const { device, reason } = event['data']
  const text = typeof reason === 'string' ? reason.slice(0, 200) : 'for no given reason'
  return {
    disk: typeof device === 'string' ? device.slice(0, 32) : 'unknown',
    isFull: FULL.has(text),
    reason: text,
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
