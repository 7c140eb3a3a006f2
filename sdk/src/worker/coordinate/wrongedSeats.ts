import { isIn, type Judgment } from '../../chain/index.js'
import type { Grounds } from './Appellant.js'
import { newestOf, type Dossier } from './Dossier.js'
import type { SeatBook } from './SeatBook.js'

/**
 * A prover's grounds: the verdict finds a proof of ours invalid. The worker reveals nothing that the program's verifier has not
 * accepted here, so such a verdict is wrong as far as it can know.
 */
export async function wrongedSeats(
  seats: SeatBook,
  dossier: Dossier,
  judgment: Judgment,
): Promise<Grounds | undefined> {
  const own = (await seats.seats()).map(({ seat }) => seat)
  const wronged = own.filter((seat) => {
    const revealed = newestOf(dossier, 'RevealedToCommittee', seat)
    return revealed !== undefined && !isIn(judgment.valid, revealed.args.order)
  })
  return wronged.length === 0 ? undefined : { text: 'a committee finds our proof invalid', about: { seats: wronged } }
}
