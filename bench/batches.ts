/**
 * What a batch saves: gas of each act alone and in batches (`tryMany`), each as a share of its transaction. One operator holds all
 * seats, so that its commits and reveals can stand in one batch; workloads have redundancy 2.
 */
import type { Signer } from 'ethers'

import { Network, RUN_SECONDS, type DrawnSeat, type Workload } from './gas/Network.js'
import { writeReport, type Row } from './report.js'

const SIZES = [1, 2, 4, 8, 16, 32, 64] as const
const SEATS = 1024
/** Lives that are begun for one whose slots are all taken; one in twenty of the largest batch has one open. */
const MOST_LIVES = 20

type Gas = Readonly<Record<'submit' | 'assign' | 'commit' | 'reveal' | 'settle', number>>

/** One life of `count` workloads, each stage in one transaction; gas of each act. Undefined where too many seats were at work for a slot to be taken. */
async function live(net: Network, operator: Signer, count: number): Promise<Gas | undefined> {
  const each = async (sender: Signer, calls: readonly string[]) => (await net.send(sender, calls)).gas / count
  const list = <T>(make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))
  const submitted = await net.send(
    net.requester,
    list(() => net.submitCall(2)),
  )
  await net.passRound()
  const { workloads } = net.read(submitted)
  const assigned = await net.send(
    net.keeper,
    workloads.map((workload) => net.assignCall(workload)),
  )
  const { drawn } = net.read(assigned)
  const pairs = workloads.map((workload, index) => ({ workload, seats: drawn[index] ?? [] }))
  if (pairs.some(({ seats }) => seats.length < 2)) return undefined
  /** The calls of one of the two seats of each workload. */
  const callsOf = <T>(place: number, call: (workload: Workload, seat: DrawnSeat) => T): T[] =>
    pairs.map(({ workload, seats }) => {
      const seat = seats[place]
      if (seat === undefined) throw new Error(`no seat has place ${place}`)
      return call(workload, seat)
    })
  const commitOf = (place: number) => Promise.all(callsOf(place, (workload, seat) => net.commitCall(workload, seat)))
  const revealOf = (place: number) => callsOf(place, (workload, seat) => net.revealCall(workload, seat))
  const commit = await each(operator, await commitOf(0))
  await each(operator, await commitOf(1))
  await net.pass(40)
  const reveal = await each(operator, revealOf(0))
  await each(operator, revealOf(1))
  const settle = await each(
    net.keeper,
    pairs.map(({ workload, seats }) => net.settleCall(workload, seats)),
  )
  await net.pass(RUN_SECONDS)
  return { submit: submitted.gas / count, assign: assigned.gas / count, commit, reveal, settle }
}

/** A life without open slots. Nothing of it stays, so each begins with the same seats, and the next draw is another one. */
async function fullLife(net: Network, operator: Signer, count: number): Promise<Gas> {
  for (let begun = 0; begun < MOST_LIVES; begun++) {
    const gas = await net.undone(() => live(net, operator, count))
    if (gas !== undefined) return gas
    await net.passRound()
  }
  throw new Error(`slots stayed open in ${MOST_LIVES} lives: more seats are needed`)
}

const net = await Network.with(SEATS, 1)
const [operator] = net.operators.values()
if (operator === undefined) throw new Error('no operator')
await net.writeSeats('worked')
// The first submission on a new network costs 5k more, and no other one.
await live(net, operator, 1)

const rows: Row[] = []
let alone: Gas | undefined
for (const size of SIZES) {
  const gas = await fullLife(net, operator, size)
  alone ??= gas
  for (const act of ['submit', 'assign', 'commit', 'reveal', 'settle'] as const) {
    const name = size === 1 ? `${act} 2, alone` : `${act} 2, in a batch of ${size}, each`
    rows.push({ name, value: Math.round(gas[act]), unit: 'gas', target: Math.round(alone[act]), peer: '–' })
  }
}
rows.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
writeReport(rows)
