/** The size of a statement: how many sectors, challenges of each, and levels of a sector's 8-ary tree. */
export interface Shape {
  readonly sectors: number
  readonly challenges: number
  readonly levels: number
}

/** A statement that the tree holds keys for. */
export interface PostProgram extends Shape {
  /** Name of its verifier contract. */
  readonly contract: string
  /** Gas to give to the contract: the measured worst case, where all bits of all challenges are set, and a tenth. */
  readonly gas: number
}

/**
 * Window and Winning PoSt with the parameters that Filecoin has for its sectors of 2 KiB (64 leaves of 32 bytes), and a small one for
 * quick tests.
 */
export const PROGRAMS = {
  window: { sectors: 2, challenges: 10, levels: 2, contract: 'WindowPostVerifier', gas: 400_000 },
  winning: { sectors: 1, challenges: 66, levels: 2, contract: 'WinningPostVerifier', gas: 600_000 },
  small: { sectors: 1, challenges: 2, levels: 2, contract: 'SmallPostVerifier', gas: 300_000 },
} as const satisfies Readonly<Record<string, PostProgram>>

/** Names of these statements. */
export type PostName = keyof typeof PROGRAMS
