import { relayFacts, type RelayFacts } from '../../relay/wire.js'

const TIMEOUT_MS = 10_000
/** Work waits for what a relay says of itself, and knows what to do without. */
const FACTS_TIMEOUT_MS = 3_000
const MAX_BYTES = 8_192
const MAX_SHOWN = 200

/** What a relay says to an action. Nobody has to believe it: whether an action was carried out is read from the chain. */
export type RelayAnswer =
  | { readonly taken: true }
  /** It refused, or could not be asked. */
  | { readonly taken: false; readonly why: string }

/**
 * Hands a signed action to a relay.
 * @param url Base URL of the relay.
 * @param body See `toBody`.
 */
export async function askRelay(url: string, body: string, signal: AbortSignal): Promise<RelayAnswer> {
  try {
    const response = await fetch(pathOf(url, 'actions'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const text = await textOf(response)
    return response.ok ? { taken: true } : { taken: false, why: `${response.status} ${shown(text)}` }
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } }
    return { taken: false, why: cause?.code ?? (error instanceof Error ? error.name : 'it cannot be asked') }
  }
}

/** What a relay says of its chain and its limits; undefined when it cannot be asked, or says nothing that makes sense. */
export async function readRelay(url: string): Promise<RelayFacts | undefined> {
  try {
    const signal = AbortSignal.timeout(FACTS_TIMEOUT_MS)
    const response = await fetch(pathOf(url, 'relay'), { redirect: 'error', signal })
    const { data } = relayFacts.safeParse(JSON.parse(await textOf(response)))
    return response.ok ? data : undefined
  } catch {
    return undefined
  }
}

function pathOf(url: string, name: string): string {
  return `${url.replace(/\/+$/, '')}/v1/${name}`
}

/** A stranger's text: no more than a line of it. */
function shown(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } }
    if (error !== undefined) return `${String(error.code)}: ${String(error.message)}`.slice(0, MAX_SHOWN)
  } catch {
    // Not one of ours.
  }
  return text.slice(0, MAX_SHOWN)
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > MAX_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}
