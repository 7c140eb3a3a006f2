import { RUN_SECONDS, type Network } from './Network.js'

/** The median: a life now and then meets a seat whose word was never written, which costs 17k more once and for all. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}

/** The only one of a list that has exactly one. */
export function only<T>(list: readonly T[]): T {
  const [first] = list
  if (first === undefined || list.length !== 1) throw new Error(`expected one, found ${list.length}`)
  return first
}

/** Lives in which nobody was passed over, `count` of them. */
export async function lives<T extends { readonly passed: number }>(
  count: number,
  live: () => Promise<T>,
): Promise<T[]> {
  const found: T[] = []
  for (let tries = 0; found.length < count && tries < count * 4; tries += 1) {
    const one = await live()
    if (one.passed === 0) found.push(one)
  }
  return found
}

/** Writes the words of nearly every seat once, as a network in use has done. */
export async function warm(net: Network, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const { workloads } = await net.submit(8, 8)
    const running = []
    for (const workload of workloads) {
      const drawn = only((await net.assign([workload])).drawn)
      for (const seat of drawn) await net.fail(workload, seat)
      running.push({ workload, drawn })
    }
    await net.pass(RUN_SECONDS + 1)
    for (const { workload, drawn } of running) await net.settle(workload, drawn)
  }
}

/** Submits one workload and draws its seats. */
export async function drawOne(net: Network, redundancy: number) {
  const submitted = await net.submit(redundancy)
  const workload = only(submitted.workloads)
  const assigned = await net.assign([workload])
  return { workload, seats: only(assigned.drawn), submit: submitted.gas, assign: assigned.gas, passed: assigned.passed }
}

/** The life of a workload of redundancy 1: its seat submits the proof at once. */
export async function oneProof(net: Network) {
  const { workload, seats, submit, assign, passed } = await drawOne(net, 1)
  const submitProof = await net.submitProof(workload, only(seats))
  return { submit, assign, submitProof, passed, life: submit + assign + submitProof }
}

/** The life of a workload of redundancy 3: all commit, reveal, and one settling pays all. */
export async function threeProofs(net: Network, withAccept: boolean) {
  const { workload, seats, submit, assign, passed } = await drawOne(net, 3)
  const accepts: number[] = []
  const commits: number[] = []
  const reveals: number[] = []
  if (withAccept) for (const seat of seats) accepts.push(await net.accept(workload, seat))
  for (const seat of seats) commits.push(await net.commit(workload, seat))
  await net.pass(40)
  for (const seat of seats) reveals.push(await net.reveal(workload, seat))
  const settle = await net.settle(workload, seats)
  const life = [submit, assign, settle, ...accepts, ...commits, ...reveals].reduce((a, b) => a + b, 0)
  return { submit, assign, accepts, commits, reveals, settle, passed, life }
}
