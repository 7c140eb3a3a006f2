import type { Wanted } from './walletActs.js'

/** Who began a request, and as which of its own: the two decide which workload it becomes. */
export interface Begun {
  readonly account: string
  readonly nonce: number
}

/** A request whose end this browser has not seen. Nothing of it is secret: provers get all of it. */
export interface PendingSubmission extends Begun, Pick<Wanted, 'program' | 'maxRunTime' | 'redundancy' | 'args'> {
  /** Of the network it was begun on. */
  readonly market: string
  /** Unix seconds. */
  readonly since: number
  /** Token units. */
  readonly fee: string
  /** By name, in base64; null for one that was too large to be kept. */
  readonly files: Readonly<Record<string, string | null>>
}

const KEY = 'gevulot-submission'
/** Of files in base64, a MiB: browsers keep five million characters for a server. */
const MOST_OF_FILES = 1_400_000
const MOST_OF_ALL = 1_600_000

const listeners = new Set<() => void>()

/** The one request of this browser that has not ended, kept so that a closed tab costs nobody a second fee. */
export const pendingSubmission = {
  /** Keeps a request in place of the one before; large files by name alone. False where the browser keeps nothing. */
  keep(one: PendingSubmission): boolean {
    const text = JSON.stringify({ ...one, files: fitting(one.files) })
    const isKept = text.length <= MOST_OF_ALL && write(text)
    if (!isKept) write(null)
    return isKept
  },

  /** Forgets this request, if it is the one that is kept. */
  forget({ account, nonce }: Begun): void {
    const kept = parse(read())
    if (kept?.account === account && kept.nonce === nonce) write(null)
  },

  /** What is kept, as text, which says whether it changed. */
  read,

  /** What such a text is; undefined for nothing, for another network's request, and for what is none. */
  of(text: string | null, market: string | undefined): PendingSubmission | undefined {
    const kept = parse(text)
    return kept?.market === market ? kept : undefined
  },

  /** Tells of each change, also of those by other tabs, until it is ended. */
  subscribe,
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}

function read(): string | null {
  try {
    return window.localStorage.getItem(KEY)
  } catch {
    // Storage may be forbidden.
    return null
  }
}

/** False where storage is full or forbidden. */
function write(text: string | null): boolean {
  try {
    if (text === null) window.localStorage.removeItem(KEY)
    else window.localStorage.setItem(KEY, text)
  } catch {
    return false
  }
  for (const listener of listeners) listener()
  return true
}

/** As many files as there is room for, the smallest first. */
function fitting(files: PendingSubmission['files']): PendingSubmission['files'] {
  const size = (text: string | null): number => text?.length ?? 0
  let left = MOST_OF_FILES
  const kept = Object.entries(files)
    .toSorted(([, a], [, b]) => size(a) - size(b))
    .map(([name, text]) => [name, (left -= size(text)) >= 0 ? text : null])
  return Object.fromEntries(kept) as PendingSubmission['files']
}

function parse(text: string | null): PendingSubmission | undefined {
  let value: Partial<Record<keyof PendingSubmission, unknown>> | null
  try {
    value = JSON.parse(text ?? 'null') as typeof value
  } catch {
    return undefined
  }
  const { market, account, program, fee, args, files } = value ?? {}
  const counts = [value?.nonce, value?.since, value?.maxRunTime, value?.redundancy]
  const isOne =
    [market, account].every((one) => matches(one, /^0x[0-9a-fA-F]{40}$/)) &&
    matches(program, /^0x[0-9a-fA-F]{64}$/) &&
    matches(fee, /^\d{1,40}$/) &&
    counts.every((one) => Number.isSafeInteger(one)) &&
    Array.isArray(args) &&
    args.every((one) => typeof one === 'string') &&
    typeof files === 'object' &&
    files !== null &&
    Object.values(files).every((one) => one === null || matches(one, /^[A-Za-z0-9+/]*={0,2}$/))
  return isOne ? (value as PendingSubmission) : undefined
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value)
}
