import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPackage } from '../../../content/index.js'
import { isX64Elf } from '../../../content/elf/isX64Elf.js'
import { namesKey } from '../keyNames.js'
import type { Observation, Rule } from '../Rule.js'
import { withoutProof } from '../withoutProof.js'

/** Bytes that are compared at once. */
const CHUNK = 32
/** Equal bytes from which on it is no accident; a file that is shorter must stand there whole. */
const ENOUGH = 64
/** Different values in a chunk below which it is padding or a small number. */
const LEAST_VALUES = 8
/** Bytes of a proof that are looked at. */
const MAX_PROOF_BYTES = 256 << 10
const PIECE = 1 << 20

/** A proof must not bring the key by which it is judged. */
export const keyInProof: Rule = {
  name: 'key-in-proof',
  async check({ prover, verifier, sample }) {
    const proof = sample?.proof
    if (proof === undefined) return withoutProof(sample)
    const bytes = Buffer.from(proof).subarray(0, MAX_PROOF_BYTES)
    const findings: Observation[] = []
    const member = /"((?:vk|verif(?:y|ying|ication|ier)[-_.]?key)\w*)"\s*:/i.exec(bytes.toString('latin1'))?.[1]
    if (member !== undefined) findings.push(finding('error', `the proof has a member ${JSON.stringify(member)}`))
    for (const local of [verifier, prover]) {
      for (const { path, shared } of await sharedWith(bytes, local)) {
        // Both packages may hold the same file.
        if (findings.some(({ seen }) => seen.includes(` those of ${path} in `))) continue
        const severity = namesKey(path) ? 'error' : 'warning'
        findings.push(finding(severity, `${shared} bytes of the proof are those of ${path} in ${local.manifest.name}`))
      }
    }
    return findings
  },
}

function finding(severity: Observation['severity'], seen: string): Observation {
  return {
    severity,
    seen,
    todo: 'A proof holds what changes from proof to proof. Pack the key with the verifier, and ignore any that comes with a proof.',
  }
}

/** Files of a package of which a long run of bytes stands in the proof too. Programs and libraries are left out. */
async function sharedWith(
  proof: Buffer,
  { manifest, files }: LocalPackage,
): Promise<readonly { readonly path: string; readonly shared: number }[]> {
  const places = new Map<string, number>()
  for (let at = 0; at + CHUNK <= proof.length; at++) {
    const chunk = proof.subarray(at, at + CHUNK)
    if (new Set(chunk).size >= LEAST_VALUES) places.set(chunk.toString('latin1'), at)
  }
  const found: { path: string; shared: number }[] = []
  for (const { path, size } of manifest.files) {
    const place = join(files, path)
    if (places.size === 0 || size < CHUNK || (await isX64Elf(place))) continue
    const shared = await longestRun(place, proof, places)
    if (shared >= Math.min(ENOUGH, size)) found.push({ path, shared })
  }
  return found
}

/** The longest run of bytes that file and proof share. Every {@link CHUNK}th place of the file is looked up, so none of twice that is missed. */
async function longestRun(path: string, proof: Buffer, places: ReadonlyMap<string, number>): Promise<number> {
  const file = await open(path, 'r')
  let longest = 0
  try {
    // Pieces overlap, so that a run is seen whole as far as it decides.
    const piece = Buffer.alloc(PIECE + 2 * ENOUGH)
    for (let start = 0; ; start += PIECE) {
      const { bytesRead } = await file.read(piece, 0, piece.length, start)
      const bytes = piece.subarray(0, bytesRead)
      for (let at = 0; at + CHUNK <= bytes.length; at += CHUNK) {
        const place = places.get(bytes.subarray(at, at + CHUNK).toString('latin1'))
        if (place !== undefined) longest = Math.max(longest, runAround(bytes, at, proof, place))
      }
      if (bytesRead < piece.length) return longest
    }
  } finally {
    await file.close()
  }
}

function runAround(bytes: Buffer, at: number, proof: Buffer, place: number): number {
  let before = 0
  while (at > before && place > before && bytes[at - before - 1] === proof[place - before - 1]) before++
  let after = CHUNK
  while (at + after < bytes.length && place + after < proof.length && bytes[at + after] === proof[place + after])
    after++
  return before + after
}
