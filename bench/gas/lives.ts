import type { Network } from './Network.js'

/** The median: bytes of calldata are now and then zero by chance, which costs less. */
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

/** Draws for each that is wanted: of redundancy 8 among sixteen operators one in eight passes nobody over. */
const TRIES = 40

/** `count` lives in whose draw so many candidates were passed over, by default nobody. */
export async function lives<T extends { readonly passed: number }>(
  count: number,
  live: () => Promise<T>,
  passed = 0,
): Promise<T[]> {
  const found: T[] = []
  for (let tries = 0; found.length < count && tries < count * TRIES; tries += 1) {
    const one = await live()
    if (one.passed === passed) found.push(one)
  }
  if (found.length < count) throw new Error(`only ${found.length} of ${count} draws passed ${passed} candidates over`)
  return found
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

/** The life of a workload whose seats all commit and reveal, and which one settling pays. */
export async function rankedProofs(net: Network, redundancy: number, withAccept: boolean) {
  const { workload, seats, submit, assign, passed } = await drawOne(net, redundancy)
  const accepts: number[] = []
  const commits: number[] = []
  const reveals: number[] = []
  if (withAccept) for (const seat of seats) accepts.push(await net.accept(workload, seat))
  for (const seat of seats) commits.push(await net.commit(workload, seat))
  await net.pass(40)
  for (const seat of seats) reveals.push(await net.reveal(workload, seat))
  const settle = await net.settle(workload, seats)
  const life = [submit, assign, settle, ...accepts, ...commits, ...reveals].reduce((a, b) => a + b, 0)
  return { seats, submit, assign, accepts, commits, reveals, settle, passed, life }
}

/** Mean life of workloads of redundancy 1 that are submitted and drawn in batches; their proofs come one by one. */
export async function batch(net: Network, count: number): Promise<number> {
  const submitted = await net.submit(1, count)
  const assigned = await net.assign(submitted.workloads)
  let proofs = 0
  for (const [index, seats] of assigned.drawn.entries()) {
    const workload = submitted.workloads[index]
    if (workload !== undefined) proofs += await net.submitProof(workload, only(seats))
  }
  return Math.round((submitted.gas + assigned.gas + proofs) / count)
}
