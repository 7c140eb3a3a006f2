import type { BbProof } from './bb.js'

const FIELD = 32

/** A proof of bb in the form in which Aztec's classes hand it on: in fields, and as it is behind its public inputs. */
export function recursiveProof({ proof, publicInputs }: BbProof): Uint8Array {
  const binary = Buffer.concat([publicInputs, proof])
  return Buffer.concat([
    ...[number(proof.length / FIELD), proof],
    ...[number(binary.length), binary, number(publicInputs.length / FIELD)],
    Buffer.of(1),
  ])
}

/** The parts again, of one that was read completely. */
export function partsOf(bytes: Uint8Array): BbProof {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const start = 4 + view.getUint32(0) * FIELD + 4
  const end = start + view.getUint32(start - 4)
  const middle = start + view.getUint32(end) * FIELD
  return { publicInputs: bytes.subarray(start, middle), proof: bytes.subarray(middle, end) }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
