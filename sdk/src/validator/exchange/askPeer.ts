import type { Hex, WorkloadId } from '../../chain/index.js'
import type { SharedVerdict } from './VerdictShelf.js'

const TIMEOUT_MS = 3_000
const MAX_BYTES = 4_096

/**
 * Asks another validator for its verdict. What comes back is a stranger's: whoever uses it checks the signature. A peer that
 * is slow, down or talks nonsense has none.
 */
export async function askPeer(
  peer: string,
  workload: WorkloadId,
  attempt: number,
  signal: AbortSignal,
): Promise<SharedVerdict | undefined> {
  try {
    const response = await fetch(`${peer.replace(/\/+$/, '')}/verdicts/${workload}/${attempt}`, {
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    if (response.status === 200) return parse(await bodyOf(response), workload, attempt)
    await response.body?.cancel()
  } catch {
    // Asked again at the next look.
  }
  return undefined
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > MAX_BYTES) throw new Error('too long')
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string, workload: WorkloadId, attempt: number): SharedVerdict | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { proofs, valid, signature } = value as Readonly<Record<string, unknown>>
  const isWellFormed =
    isHex(proofs, 32) && isHex(signature, 65) && Number.isSafeInteger(valid) && (valid as number) >= 0
  if (!isWellFormed) return undefined
  return { workload, attempt, proofs, valid: valid as number, signature } as SharedVerdict
}

function isHex(value: unknown, bytes: number): value is Hex {
  return typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-fA-F]+$/.test(value)
}
