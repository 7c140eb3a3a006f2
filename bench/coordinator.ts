/**
 * A coordinator under the load of design §14: an operator with many seats follows a chain at one block a second on which that many workloads live, works
 * for those that its seats are drawn for, and then goes on following. Real contracts, a worker process of its own, programs in bubblewrap. The other
 * seats belong to operators that never answer: their slots stay open until the deadline, so all that was drawn goes on living. `SEATS`, `WORKLOADS` and
 * `SECONDS` (of following afterwards) make it smaller.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { keccak256, MaxUint256, parseEther, randomBytes, ZeroHash, type ContractTransactionResponse } from 'ethers'

import { decodeEvent, readEvents } from '../sdk/src/chain/index.js'
import { buildInputs, DirectoryStore } from '../sdk/src/content/index.js'
import { devnet, type Parameters } from '../sdk/src/deploy/parameters.js'
import { TestNetwork, type Operator } from '../test/support/network/TestNetwork.js'
import { type Row, writeReport } from './report.js'

const SEATS = Number(process.env['SEATS'] ?? 1_000)
const WORKLOADS = Number(process.env['WORKLOADS'] ?? 10_000)
const SECONDS = Number(process.env['SECONDS'] ?? 120)
/** In a transaction; one of submissions and one of draws a block. */
const BATCH = 32
/** Blocks after which a batch is drawn. */
const ROUND = 6
const CHUNK = 40
const GAS = { gasLimit: 14_000_000 }
const MAX_RUN_TIME = 3 * 3_600
const TICKS_PER_SECOND = 100
/** Events by which a seat answers a draw. */
const ANSWERS: ReadonlySet<string> = new Set(['Accepted', 'Declined', 'Committed', 'Revealed', 'Failed'])
/** Time for what was drawn last to be proven, on a machine that others use too. */
const FINISH_SECONDS = 900

/** The windows and epochs of a real network, but for those that would only make the measurement longer. */
const parameters: Parameters = {
  ...devnet,
  epochLength: 600,
  rules: { ...devnet.rules, responseWindow: 180, silenceWindow: 86_400, revealDelay: 3, revealWindow: 600 },
}

interface Use {
  readonly at: number
  readonly cpuSeconds: number
}

/** What a process has used so far, without the programs it ran. */
function useOf(pid: number): Use {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return { at: performance.now(), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND }
}

function coresBetween(from: Use, to: Use): number {
  return (1_000 * (to.cpuSeconds - from.cpuSeconds)) / (to.at - from.at)
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

async function mined(sent: Promise<ContractTransactionResponse>): Promise<void> {
  await (await sent).wait()
}

/** Stakes seats for an operator, and lets them count. */
async function stake(network: TestNetwork, { wallet }: Operator, seats: number): Promise<void> {
  const { token, registry } = network.contracts
  await mined(registry.admit(wallet.address, true))
  await mined(token.transfer(wallet.address, parseEther('1000') * BigInt(seats)))
  await mined(token.connect(wallet).approve(registry, MaxUint256))
  for (let left = seats; left > 0; left -= CHUNK) {
    await mined(registry.connect(wallet).stake(1, Math.min(CHUNK, left), 0, GAS))
  }
}

/** The requests of all workloads: about the same inputs, their nonces tell them apart. */
async function requestsOf(network: TestNetwork) {
  const { requester } = network
  const program = await network.deployGuest('hashcash')
  const words = randomBytes(32)
  const store = new DirectoryStore(join(network.directory, 'content'))
  const { digest } = await buildInputs({ args: [], files: { public_inputs: words } }, store)
  const [fee, first] = [parseEther('1'), (await requester.getBalance()).nonce]
  await requester.deposit({ amount: fee * BigInt(WORKLOADS) })
  const terms = { fee, maxRunTime: MAX_RUN_TIME, redundancy: 1, rescue: 60, inputsUri: '' }
  return Array.from({ length: WORKLOADS }, (_, index) => ({
    ...{ program, inputs: digest, publicInputs: keccak256(words), deliveryKey: ZeroHash },
    ...{ ...terms, nonce: first + index },
  }))
}

/** Submits and draws all of them: every second a batch, which is drawn when its round is out. */
async function submitAndDraw(network: TestNetwork): Promise<void> {
  const { contracts } = network
  const requests = await requestsOf(network)
  const batches: string[][] = []
  let nonce = await contracts.provider.getTransactionCount(network.requester.account ?? '')
  for (let at = 0; at * BATCH < WORKLOADS + ROUND * BATCH; at++) {
    const some = requests.slice(at * BATCH, (at + 1) * BATCH)
    const due = batches[at - ROUND] ?? []
    const submitted = some.length > 0 ? contracts.market.submitMany(some, { ...GAS, nonce: nonce++ }) : undefined
    const drawn = due.length > 0 ? contracts.market.assignMany(due, { ...GAS, nonce: nonce++ }) : undefined
    const receipt = await (await submitted)?.wait()
    await (await drawn)?.wait()
    const events = (receipt?.logs ?? []).flatMap((log) => decodeEvent(contracts, log) ?? [])
    batches.push(events.flatMap((event) => (event.name === 'Submitted' ? [event.args.workload] : [])))
  }
}

// Staking mines a block a second; from the epoch after it on the seats count.
const past = SEATS + WORKLOADS + 2 * parameters.epochLength
const network = await TestNetwork.start(parameters, Math.floor(Date.now() / 1_000) - past)
let sampling: NodeJS.Timeout | undefined
try {
  const { chain, contracts } = network
  await network.requester.deposit({ amount: parseEther('1000') })
  const ours = await network.addOperator('ours', 0)
  await stake(network, ours, SEATS)
  // One of its seats a candidate is preferred for each operator, so the others are many.
  for (let index = 1; index * SEATS < WORKLOADS; index++) {
    await stake(network, await network.addOperator(`silent-${index}`, 0), SEATS)
  }
  await chain.provider.send('evm_setNextBlockTimestamp', [Math.floor(Date.now() / 1_000)])
  await chain.mine()
  await chain.mineEvery(1)
  const settings = {
    ...{ keeper: false, pollMs: 500, confirmations: 5, safetySeconds: 12, logLevel: 'info', appealUpTo: 0 },
    ...{ rewards: false, maxInFlight: 32, keepBundles: 0 },
  }
  const worker = await network.startWorker(ours, settings, 'sdk/dist/worker/main.js')
  await worker.line(({ message }) => message === 'worker started', 120)
  let memory = 0
  sampling = setInterval(() => (memory = Math.max(memory, residentMiB(worker.pid))), 500)
  const rows: Row[] = []
  const add = (name: string, value: number, unit: string, target: number): void => {
    const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(3))
    rows.push({ name: `coordinator: ${name}`, value: rounded, unit, target, peer: '–' })
  }
  const cores = availableParallelism()
  add(`load of this machine, which has ${cores} cores`, loadavg()[0] ?? 0, 'jobs', cores)
  console.log('submitting and drawing')
  const begun = useOf(worker.pid)
  await submitAndDraw(network)
  const drawn = useOf(worker.pid)
  const seats = new Set<number>()
  for await (const event of readEvents(contracts, { names: ['Staked'] })) {
    if (event.name === 'Staked' && event.args.operator === ours.wallet.address) seats.add(event.args.seat)
  }
  /** What the operator was drawn for, and when it answered. */
  const readAnswers = async () => {
    const [assigned, answered] = [new Map<string, number>(), new Map<string, number>()]
    let [all, missed] = [0, 0]
    for await (const { name, args, at } of readEvents(contracts)) {
      if (name === 'Assigned') {
        all++
        const isOurs = args.candidates.some(({ seat, draw }) => draw === 'Drawn' && seats.has(seat))
        if (isOurs) assigned.set(args.workload, at.block)
      } else if ((name === 'Missed' || name === 'Slashed') && seats.has(args.seat)) missed++
      else if (ANSWERS.has(name) && 'seat' in args && 'workload' in args && seats.has(args.seat)) {
        if (!answered.has(args.workload)) answered.set(args.workload, at.block)
      }
    }
    if (all !== WORKLOADS) throw new Error(`${all} of ${WORKLOADS} workloads were drawn`)
    return { assigned, answered, missed }
  }
  console.log('proving')
  let answers = await readAnswers()
  for (let waited = 0; answers.answered.size < answers.assigned.size && waited < FINISH_SECONDS; waited += 5) {
    await sleep(5_000)
    answers = await readAnswers()
    console.log(`  ${answers.answered.size} of ${answers.assigned.size} answered`)
  }
  console.log('following')
  const quiet = useOf(worker.pid)
  await sleep(SECONDS * 1_000)
  const followed = useOf(worker.pid)
  answers = await readAnswers()
  const { assigned, answered, missed } = answers
  // Blocks come every second.
  const waits = [...answered].map(([id, block]) => block - (assigned.get(id) ?? Number.NaN)).sort((a, b) => a - b)
  const load = `${SEATS} seats, ${WORKLOADS} workloads`
  add(`${load}: drawn for it`, assigned.size, 'workloads', assigned.size)
  add(`${load}: not answered, or too late`, assigned.size - answered.size + missed, 'workloads', 0)
  add(`${load}: draw to answer, median`, percentile(waits, 0.5), 's', 5)
  add(`${load}: draw to answer, 99 %`, percentile(waits, 0.99), 's', 30)
  add(`${load}: while ${BATCH} are submitted and drawn a second`, coresBetween(begun, drawn), 'cores', 1)
  add(`${load}: while they live on`, coresBetween(quiet, followed), 'cores', 0.5)
  // The embedded database takes some hundred MiB more for a moment while it starts.
  add(`${load}: most memory once it runs`, memory, 'MiB', 1_024)
  writeReport(rows)
} finally {
  clearInterval(sampling)
  await network.stop()
}
