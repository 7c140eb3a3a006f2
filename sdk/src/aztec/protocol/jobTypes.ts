/** What the broker's protocol fixes about one type of job. Source: Aztec 4.1.2. */
export interface JobTypeFacts {
  /** The number on the wire. */
  readonly type: number
  /** Fields of the proof that the next circuit verifies. */
  readonly proofFields: number
  /** Layout of the result's public inputs, see `layout.ts`; none: the result is a proof alone. */
  readonly publicInputs?: string
  /** Bytes of the inputs where they never change: others depend on what the epoch holds. */
  readonly inputBytes?: number
  /** sha-256 of the serialized verification key; none: the result carries none. */
  readonly key?: string
  /** Public inputs that the key is for, with the eight fields of the pairing points. */
  readonly keyInputs?: number
  /** Milliseconds that Aztec publishes as the cost of proving one, on its own machines: a relative measure. */
  readonly cost: number
}

const TX = '3(n f) 3f 2n q a f 2s 2f 6(n f) 2(6f n b n f) 2f'
const BLOCK = '6f a f 2s 10(f n) 2(7f n b n) q 5f'
const CHECKPOINT = '6f 4(n f) 31f 32(a f) 2(2f z 2p f z) f z'
const ROOT = '35f 32(a f) 7f z 2p'
const PARITY = '3f'
const CHONK =
  '5(f n) 3f 2n q a f 2s 4f 4n 4s 130f 8(a 2f) 64(16f n) f n 32(3f b) 129f 8(a 2f) 64(16f n) f n 33(3f b) f 2n f q f'

function rollup(
  type: number,
  publicInputs: string,
  keyInputs: number,
  cost: number,
  key: string,
  inputBytes?: number,
): JobTypeFacts {
  return {
    ...{ type, proofFields: 519, publicInputs, keyInputs, cost, key },
    ...(inputBytes !== undefined && { inputBytes }),
  }
}

/**
 * Every type of job by its name on the wire, with lengths as the release's own classes read them. A decoder there throws at an element that is
 * not reduced, and the broker's producer then asks for ever: so the layouts are kept to the byte.
 */
// prettier-ignore
export const JOB_TYPES = {
  PUBLIC_VM: { type: 0, proofFields: 16_400, cost: 180_000 },
  PUBLIC_CHONK_VERIFIER: rollup(1, CHONK, 2799, 16_300, '7e5a8abb0b45710cd5dedf75a8a0d96190102da9750b3e7675ea3b479f7ece57'),
  PRIVATE_TX_BASE_ROLLUP: rollup(2, TX, 66, 22_000, '5eae616bcd77007713f80b25d57ae39b26f1144f91788d759d7323ba3d6a08a4'),
  PUBLIC_TX_BASE_ROLLUP: rollup(3, TX, 66, 44_500, '42850027260e6084b7d54c9680904362318c9bc1d0617690fe06b6ce5b00b5b0'),
  TX_MERGE_ROLLUP: rollup(4, TX, 66, 10_000, '8497c746cab3be53cbac3d30d81d20753cd09cdbf1400f04eebbbb7c2bb15fb8'),
  BLOCK_ROOT_FIRST_ROLLUP: rollup(5, BLOCK, 70, 17_400, '215992f35edcd11237d4b6751bcc4a3a96fdd5ad6834f6f49db4657e451e7943'),
  BLOCK_ROOT_SINGLE_TX_FIRST_ROLLUP: rollup(6, BLOCK, 70, 17_400, '96b6cde086e3a8613e1810de9b047ee59a061dc4462621079a52e3bf11773f26'),
  BLOCK_ROOT_EMPTY_TX_FIRST_ROLLUP: rollup(7, BLOCK, 70, 4_500, 'e9dbf47b6a3490472fde43cc699e1d39473a2fca7b64d1997ba76a2b82ef312e'),
  BLOCK_ROOT_ROLLUP: rollup(8, BLOCK, 70, 17_400, 'a09868e08bade5f3188b4726632051ddf5c5cfec963f47f39df910ee5025dc22'),
  BLOCK_ROOT_SINGLE_TX_ROLLUP: rollup(9, BLOCK, 70, 17_400, '32983705e79a24074e32e8bc2fdb241cfb0304e2ea7ecc4412c18f30ecfd172c'),
  BLOCK_MERGE_ROLLUP: rollup(10, BLOCK, 70, 10_000, 'd218c0e105b2a76c49a48cbdcf4c0be96b1dec5f83a23ab5a74a1cbb89cbb725'),
  CHECKPOINT_ROOT_ROLLUP: rollup(11, CHECKPOINT, 163, 37_100, 'ab3bfce4c7d957e221ae0c1d641733bb9a41366ab05767bd323f8c5a692a2e19'),
  CHECKPOINT_ROOT_SINGLE_BLOCK_ROLLUP: rollup(12, CHECKPOINT, 163, 37_100, '19550689624de0ff1c067d25da0f64449301408db03fca747ce0b25b88ad8574'),
  CHECKPOINT_PADDING_ROLLUP: rollup(13, CHECKPOINT, 163, 1_000, '519aa9d4f8d4a7c7ce7fd9531ab348bf79bbe07807ec671f7d4f9e84ef6e7581', 0),
  CHECKPOINT_MERGE_ROLLUP: rollup(14, CHECKPOINT, 163, 10_200, '7c48f96c8bcf979dd7940799c7eb25440f76e7fa27e9e251b8bae61470d72e52'),
  ROOT_ROLLUP: { ...rollup(15, ROOT, 119, 93_000, 'a5f3b72850c1d97c3e0107353e574a07ec6e29fea284664e32ddbb332d8ea909'), proofFields: 449 },
  PARITY_BASE: { ...rollup(16, PARITY, 11, 15_300, 'c785f4059fea38d26af91da324178e8ffba4af1fe5e674e6c91427602b403bbf', 8_224), proofFields: 449 },
  PARITY_ROOT: { ...rollup(17, PARITY, 11, 18_600, '932e91f0be8c7338e20bc5db62e1b28d1a9ff7e8598e302869c2c80ef2956acf', 88_588), proofFields: 449 },
} as const satisfies Readonly<Record<string, JobTypeFacts>>

/** Name of a type of job. */
export type JobTypeName = keyof typeof JOB_TYPES

/** All names, in the order of their numbers. */
export const JOB_TYPE_NAMES = Object.keys(JOB_TYPES) as readonly JobTypeName[]

/** What is fixed about a type. */
export function factsOf(name: JobTypeName): JobTypeFacts {
  return JOB_TYPES[name]
}
