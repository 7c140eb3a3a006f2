import { parseJson, readInteger, readRecord, readText } from '../content/shape.js'
import { beaconError } from '../errors/codes/beacon.js'
import { QUICKNET, QUICKNET_ENDPOINTS } from './quicknet.js'
import { verifyRound, type VerifiedRound } from './verifyRound.js'

/** Options of {@link fetchRound}. */
export interface FetchRoundOptions {
  /** Base URLs of drand HTTP servers, asked one after the other; default {@link QUICKNET_ENDPOINTS}. */
  readonly endpoints?: readonly string[]
  /** Milliseconds for one endpoint; default 5,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

// A round is about 250 bytes of JSON.
const MAX_BYTES = 4_096

/**
 * Fetches a round of quicknet and verifies it. An endpoint that is down, slow, or wrong is passed over for the next one;
 * none of them can make this return anything but the one true value.
 * @example
 * const { randomness } = await fetchRound(1000)
 * @throws GevulotError BEACON_ROUND_INVALID, BEACON_UNAVAILABLE (with what each endpoint said, without its path)
 */
export async function fetchRound(round: number, options: FetchRoundOptions = {}): Promise<VerifiedRound> {
  const { endpoints = QUICKNET_ENDPOINTS, timeoutMs = 5_000, signal } = options
  if (!Number.isInteger(round) || round < 1) {
    throw beaconError('BEACON_ROUND_INVALID', `${round} is not the number of a round`)
  }
  const answers: string[] = []
  for (const endpoint of endpoints) {
    signal?.throwIfAborted()
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const url = `${endpoint.replace(/\/+$/, '')}/${QUICKNET.chainHash}/public/${round}`
      const answer = await fetch(url, {
        headers: { accept: 'application/json' },
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      if (answer.status !== 200) {
        await answer.body?.cancel()
        throw new Error(`status ${answer.status}`)
      }
      return readRound(round, await bodyOf(answer))
    } catch (error) {
      signal?.throwIfAborted()
      // An endpoint's path or query may hold a key.
      answers.push(`${new URL(endpoint).host}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw beaconError('BEACON_UNAVAILABLE', `no endpoint served round ${round}`, { details: { round, answers } })
}

async function bodyOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    // Leaving the loop ends the connection.
    if (size > MAX_BYTES) throw new Error(`answer longer than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function readRound(round: number, json: Uint8Array): VerifiedRound {
  const members = readRecord(parseJson(json), 'round')
  const answered = readInteger(members['round'], 'round.round', 0, Number.MAX_SAFE_INTEGER)
  if (answered !== round) throw new Error(`answered with round ${answered}`)
  return verifyRound(round, readText(members['signature'], 'round.signature', 256))
}
