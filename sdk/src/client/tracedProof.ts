import type { Provider } from 'ethers'
import type { Bytes32 } from '../chain/hex.js'
import type { Spec } from '../chain/spec.js'
import type { Digest } from '../content/digest.js'
import type { Client } from './Client.js'
import { searchProof, type CarriedProof } from './decodeProof.js'

/** Calls within a transaction that are looked at. */
const MOST_CALLS = 10_000

/**
 * The proof that a transaction revealed by a call which some contract made up by itself, from a trace of it. Few endpoints trace; of one that does not
 * there is none.
 */
export async function tracedProof(
  { contracts }: Client,
  transaction: Bytes32,
  spec: Spec,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<CarriedProof | undefined> {
  for (const [method, ...more] of [
    ['debug_traceTransaction', { tracer: 'callTracer' }],
    ['trace_transaction'],
  ] as const) {
    let trace: unknown
    try {
      trace = await ask(contracts.provider, method, [transaction, ...more])
    } catch {
      signal?.throwIfAborted()
      continue
    }
    for (const input of inputsOf(trace, contracts.addresses.market)) {
      const found = searchProof(contracts, input, spec, digest)
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** Of what JSON-RPC has and ethers has no name for. */
async function ask(provider: Provider, method: string, params: readonly unknown[]): Promise<unknown> {
  if (!('send' in provider) || typeof provider.send !== 'function') throw new TypeError('a provider without JSON-RPC')
  return (provider as { send(method: string, params: readonly unknown[]): Promise<unknown> }).send(method, params)
}

/** The inputs of the calls of one contract, of a tree of calls or of a list of them. */
function* inputsOf(trace: unknown, of: string): Generator<string> {
  const waiting: unknown[] = Array.isArray(trace) ? [...(trace as unknown[])] : [trace]
  for (let looks = 0; waiting.length > 0 && looks < MOST_CALLS; looks++) {
    const call = waiting.pop()
    if (typeof call !== 'object' || call === null) continue
    const { action, calls } = call as { readonly action?: unknown; readonly calls?: unknown }
    const { to, input } = (action ?? call) as { readonly to?: unknown; readonly input?: unknown }
    const isOurs = typeof to === 'string' && to.toLowerCase() === of.toLowerCase()
    if (isOurs && typeof input === 'string') yield input
    if (Array.isArray(calls)) for (const inner of calls as unknown[]) waiting.push(inner)
  }
}
