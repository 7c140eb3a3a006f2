/** Ways in which a prover's results can be wrong. Reported as they are, each would be taken by the broker. */
export const malformed: Readonly<Record<string, (right: Uint8Array) => Uint8Array>> = {
  'not JSON': () => Buffer.from('garbage'),
  'cut off': (right) => right.subarray(0, right.length - 100),
  'of another type': (right) => edited(right, (result) => ({ ...result, type: 13 })),
  'a field above the modulus': (right) =>
    edited(right, (result) => ({
      ...result,
      result: { ...result.result, inputs: Buffer.alloc(96, 0xff).toString('base64') },
    })),
  'another verification key': (right) =>
    edited(right, (result) => ({
      ...result,
      result: { ...result.result, verificationKey: Buffer.alloc(7_400).toString('base64') },
    })),
  'a proof with a field less': (right) =>
    edited(right, (result) => {
      const proof = Buffer.from(result.result.proof, 'base64')
      proof.writeUInt32BE(448)
      return { ...result, result: { ...result.result, proof: proof.toString('base64') } }
    }),
  'no result at all': (right) => edited(right, () => undefined),
}

interface Entry {
  readonly type: number
  readonly result: { readonly inputs: string; readonly proof: string; readonly verificationKey: string }
}

function edited(right: Uint8Array, change: (entry: Entry) => unknown): Uint8Array {
  const bundle = JSON.parse(Buffer.from(right).toString()) as { readonly results: readonly Entry[] }
  const results = bundle.results.map(change).filter((entry) => entry !== undefined)
  return Buffer.from(JSON.stringify({ ...bundle, results }))
}
