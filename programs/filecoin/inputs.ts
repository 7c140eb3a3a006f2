import { toWords, WORD } from '../support/words.js'
import { ARITY, challengedLeaf } from './challenges.js'
import { poseidon } from './poseidon.js'
import type { Shape } from './shapes.js'

const MAGIC = 'FILPOST1'

/** A sealed sector, as much of it as a proof of spacetime is about. */
export interface Sector {
  readonly number: bigint
  /** Commitment to the columns of its labels. */
  readonly commC: bigint
  /** The nodes of the tree over its replica, leaves first, each level an eighth of the one below. */
  readonly tree: ReadonlyArray<readonly bigint[]>
}

/** The input files of a workload. */
export interface PostInputs {
  /** For everybody: randomness, then number and comm_r of every sector. */
  readonly public_inputs: Uint8Array
  /** For the provers: comm_c, comm_r_last and a leaf with its path for every challenge of every sector. */
  readonly vanilla: Uint8Array
}

/** A sector from the leaves of its replica. */
export function sectorOf(number: bigint, commC: bigint, leaves: readonly bigint[]): Sector {
  const tree = [leaves]
  for (let below = leaves; below.length > 1; below = tree.at(-1) ?? []) {
    const level: bigint[] = []
    for (let at = 0; at < below.length; at += ARITY) level.push(poseidon(below.slice(at, at + ARITY)))
    tree.push(level)
  }
  return { number, commC, tree }
}

/** comm_r_last: the root of a sector's tree. */
export function rootOf({ tree }: Sector): bigint {
  return tree.at(-1)?.[0] ?? 0n
}

/** comm_r: what Filecoin's chain knows of a sector. */
export function commitmentOf(sector: Sector): bigint {
  return poseidon([sector.commC, rootOf(sector)])
}

/**
 * What the owner of the sectors hands to a prover: Filecoin's "vanilla proofs". The replicas themselves stay at home.
 * @param randomness 32 bytes
 */
export function makeInputs(
  shape: Shape,
  randomness: Uint8Array,
  sectors: readonly Sector[],
): { readonly files: PostInputs } {
  if (sectors.length !== shape.sectors) throw new RangeError(`the statement is about ${shape.sectors} sectors`)
  if (randomness.length !== WORD) throw new RangeError('the randomness has 32 bytes')
  const elements = sectors.flatMap((sector, index) => {
    if (sector.tree.length !== shape.levels + 1) throw new RangeError(`a sector's tree has ${shape.levels} levels`)
    const inclusions = Array.from({ length: shape.challenges }, (_, n) => {
      let place = Number(challengedLeaf(randomness, sector.number, index * shape.challenges + n, shape))
      const elements = [sector.tree[0]?.[place] ?? 0n]
      for (const level of sector.tree.slice(0, -1)) {
        const first = place - (place % ARITY)
        elements.push(...level.slice(first, first + ARITY).filter((_, child) => first + child !== place))
        place = first / ARITY
      }
      return elements
    })
    return [sector.commC, rootOf(sector), ...inclusions.flat()]
  })
  const words = sectors.flatMap((sector) => [sector.number, commitmentOf(sector)])
  return {
    files: {
      public_inputs: Buffer.concat([randomness, toWords(words)]),
      // Numbers as Filecoin writes them: the lowest byte first.
      vanilla: Buffer.concat([Buffer.from(MAGIC), ...elements.map((element) => toWords([element]).reverse())]),
    },
  }
}
