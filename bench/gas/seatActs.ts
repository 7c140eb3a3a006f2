import { drawOne, only } from './lives.js'
import type { Network } from './Network.js'

/** Rows of bench/report.json: what is done with a seat besides its work. */
export type SeatRow = 'stake and join' | 'leave' | 'withdraw' | 'slash' | 'slash and drop'

/** Gas of slashing the seat of a workload that nobody answers. */
async function silence(net: Network, leavesFirst: boolean): Promise<number> {
  const { workload, seats } = await drawOne(net, 1)
  if (leavesFirst) await net.leave(only(seats))
  // Behind the one that is dropped, by chance the last of the set otherwise: then none would be moved to its place, which costs less.
  else await net.stake()
  await net.pass(86_401)
  return net.slash(workload, only(seats))
}

/** Gas of a seat's acts in the steady state. Three of the network's seats are out of the set afterwards, two are new. */
export async function seatActs(net: Network): Promise<Readonly<Record<SeatRow, number>>> {
  const seat = await net.stake()
  await net.pass(601)
  const leave = await net.leave(seat)
  await net.pass(8 * 86_400)
  const withdraw = await net.withdraw(seat)
  // The first writes the reporter's balance.
  await silence(net, false)
  const slashAndDrop = await silence(net, false)
  const slash = await silence(net, true)
  return { 'stake and join': seat.gas, leave, withdraw, slash, 'slash and drop': slashAndDrop }
}
