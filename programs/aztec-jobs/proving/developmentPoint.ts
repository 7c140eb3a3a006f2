import { developmentG2, IGNITION_G2 } from '../../support/srs.js'
import { toWords } from '../../support/words.js'

/**
 * bb with the development SRS's [tau]G2 in the place of the ceremony's. It is a constant of the program, the only one that an SRS decides, and
 * without it bb takes no proof but those that were made with the ceremony's points.
 * @throws Error if it does not hold the point exactly once
 */
export function withDevelopmentPoint(bb: Uint8Array): Uint8Array {
  const [from, to] = [IGNITION_G2, developmentG2()].map(inOrder)
  const copy = Buffer.from(bb)
  const at = copy.indexOf(from ?? '')
  if (at < 0 || copy.indexOf(from ?? '', at + 1) >= 0)
    throw new Error("this bb does not hold the ceremony's point once")
  copy.set(to ?? [], at)
  return copy
}

/** As it stands there: real before imaginary, where the pairing precompile has them the other way round. */
function inOrder(point: readonly bigint[]): Uint8Array {
  const [xImaginary = 0n, xReal = 0n, yImaginary = 0n, yReal = 0n] = point
  return Buffer.from(toWords([xReal, xImaginary, yReal, yImaginary]))
}
