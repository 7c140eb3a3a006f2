/** The release of Aztec that this adapter speaks: the one that npm has whole. */
export const RELEASE = {
  packageVersion: '4.1.2',
  /** Root of the tree of the circuits' verification keys, as the broker names it in `x-aztec-l2CircuitsVkTreeRoot`. */
  l2CircuitsVkTreeRoot: '0x1dd2644a17d1ddd8831287a78c5a1033b7ae35cdf2a3db833608856c062fc2ba',
  l2ProtocolContractsHash: '0x2672340d9a0107a7b81e6d10d25b854debe613f3272e8738e8df0ca2ff297141',
} as const

/** Headers in which a broker may name what it is made for, and what they have to say. */
export type VersionHeaders = Readonly<Partial<Record<keyof typeof RELEASE, string>>>
