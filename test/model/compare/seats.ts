/** Compares what the registry tells about seats with the model. */
import { ZeroAddress } from 'ethers'
import { expect } from 'chai'

import { SEAT_STATUSES } from '../../../sdk/src/chain/index.js'
import type { Seat, State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares all seats. */
export async function compareSeats(world: World, state: State): Promise<void> {
  const { market, registry } = world.views
  const compareOne = async (seat: Seat): Promise<void> => {
    const [have, isHeld] = await Promise.all([registry.seatOf(seat.id), market.isHeld(seat.id)])
    const what = `seat ${seat.id}`
    expect(have.operator === ZeroAddress ? undefined : have.operator, what).to.equal(seat.operator)
    expect(SEAT_STATUSES[Number(have.status)], what).to.equal(seat.status)
    expect(have.bond, what).to.equal(seat.bond)
    if (seat.status === 'Leaving' || seat.status === 'Dropped')
      expect(Number(have.unlockAt), what).to.equal(seat.unlockAt)
    expect(isHeld, what).to.equal(seat.main?.state === 'Assigned' || seat.main?.state === 'Accepted')
  }
  await Promise.all([...state.seats.values()].map(compareOne))
}
