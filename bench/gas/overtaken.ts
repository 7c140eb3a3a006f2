import { drawOne, only } from './lives.js'
import type { Network } from './Network.js'

/** Seats in each list, as many as a workload can have drawn. */
const LISTED = 8

/** Lists that are slashed for the figure: where two of its seats are neighbours in the set, one of twelve costs 7,000 less. */
const SLASHED = 5

/** What a list costs whoever sends it when another has its last seat freed first: the whole list reverts; of slashes the most. Nothing of it stays. */
export async function overtaken(net: Network): Promise<{ readonly slash: number; readonly clear: number }> {
  const { market } = net.contracts
  const caller = market.connect(net.keeper)
  const gas = { gasLimit: 1_000_000 }
  const listed = async () => {
    const { workload, seats } = await drawOne(net, LISTED)
    if (seats.length !== LISTED) throw new Error(`${seats.length} of ${LISTED} slots were drawn`)
    const numbers = seats.map(({ seat }) => seat)
    return { workload, seats, numbers, last: only(numbers.slice(-1)) }
  }
  const slashed = () =>
    net.undone(async () => {
      const { workload, numbers, last } = await listed()
      await net.pass(86_401)
      await net.mined(caller.slash(workload.spec, [last]))
      return net.lost(caller.slash(workload.spec, numbers, gas))
    })
  let slash = 0
  for (let times = 0; times < SLASHED; times++) slash = Math.max(slash, await slashed())
  const clear = await net.undone(async () => {
    const { workload, seats, numbers, last } = await listed()
    for (const seat of seats) await net.commit(workload, seat)
    await net.pass(86_401)
    await net.settle(workload, [])
    await net.mined(caller.clear(workload.spec, [last]))
    return net.lost(caller.clear(workload.spec, numbers, gas))
  })
  return { slash, clear }
}
