import { hexlify, MaxUint256, randomBytes, sha256, ZeroAddress, type ContractTransactionResponse } from 'ethers'

import {
  commitmentOf,
  compactSignature,
  readCommittee,
  readJudgingLists,
  readSeatOwners,
  receiptOf,
  signVerdict,
  type Bytes32,
  type CommitmentParts,
  type Hex,
  type WorkloadEvent,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import { standard } from '../../sdk/src/deploy/parameters.js'
import type { DrawnSeat, Mined, Network, Workload } from './Network.js'

const SLOTS = 3
/** Of each operator: enough for an appeal to fifteen without those that proved. */
const VALIDATOR_SEATS = 4
const PROOF = randomBytes(256)
const SALT = hexlify(randomBytes(32)) as Hex
/** Bits of the first three commits. */
const ALL_VALID = 2 ** SLOTS - 1

/** Gas of the acts of a workload that a committee judges, and of network rewards for a workload of three ranks. */
export interface JudgeGas {
  readonly open: number
  readonly draw: number
  /** Seven verdicts in one transaction. */
  readonly post: number
  readonly settle: number
  readonly life: number
  readonly appeal: number
  readonly record: number
  readonly claim: number
}

/** A workload whose committee has decided. */
interface Judged {
  readonly workload: Workload
  readonly seats: readonly DrawnSeat[]
  readonly events: readonly WorkloadEvent[]
  readonly open: number
  readonly draw: number
  readonly post: number
  /** Zero before. */
  readonly settle: number
  /** Gas of all acts so far. */
  readonly life: number
}

/** Measures each act in the steady state: the third workload of its kind. */
export async function judgeGas(net: Network): Promise<JudgeGas> {
  const { registry } = net.contracts
  for (const operator of net.operators.values())
    await gasOf(registry.connect(operator).stake(standard.validators.class, VALIDATOR_SEATS, 0))
  await net.pass(standard.epochLength + 1)
  const program = await deployJudged(net)
  const ended: Judged[] = []
  for (let k = 0; k < 3; k += 1) ended.push(await settled(net, await judged(net, program)))
  const one = ended.at(-1)
  if (one === undefined) throw new Error('nothing was judged')
  const { open, draw, post, settle, life } = one
  const appeal = await appealGas(net, await judged(net, program))
  return { open, draw, post, settle, life, appeal, ...(await rewardsGas(net, ended)) }
}

async function appealGas(net: Network, { workload }: Judged): Promise<number> {
  const { contracts, requester } = net
  const { committee, token } = contracts
  await gasOf(token.connect(requester).approve(committee, MaxUint256))
  await net.pass(standard.rules.verdictWindow + 1)
  return gasOf(committee.connect(requester).appeal(workload.spec))
}

async function deployJudged({ contracts: { market } }: Network): Promise<string> {
  const [prover, verifierProgram] = [hexlify(randomBytes(32)), hexlify(randomBytes(32))]
  const program = { prover, verifierProgram, verifier: ZeroAddress, verifierGas: 0, class: 1, bindsProver: false }
  const id = await market.deployProgram.staticCall(program, '')
  await gasOf(market.deployProgram(program, ''))
  return id
}

/** Submits, proves and judges a workload of three slots. */
async function judged(net: Network, program: string): Promise<Judged> {
  const { market, committee } = net.contracts
  const submitted = await net.submit(SLOTS, 1, program)
  const [workload] = submitted.workloads
  if (workload === undefined) throw new Error('nothing was submitted')
  const assigned = await net.assign([workload])
  const seats = assigned.drawn[0] ?? []
  if (seats.length !== SLOTS) throw new Error('a slot stayed open: more seats are needed')
  const mined: Mined[] = [submitted, assigned]
  const proofDigest = sha256(PROOF) as CommitmentParts['proofDigest']
  const act = async (sent: Promise<ContractTransactionResponse>) => mined.push(await net.mined(sent))
  for (const { seat, operator } of seats) {
    const committed = { workload: workload.id as Hex, seat, salt: SALT, operator: (await operator.getAddress()) as Hex }
    const commitment = commitmentOf({ proofDigest, ...committed })
    await act(market.connect(operator).commit(workload.id, seat, commitment))
  }
  await net.pass(standard.rules.revealDelay + 1)
  for (const { seat, operator } of seats)
    await act(market.connect(operator).revealToCommittee(workload.spec, seat, proofDigest, SALT, PROOF, ''))
  await act(committee.connect(net.keeper).open(workload.spec))
  await net.passRound()
  const events = mined.flatMap((one) => one.events as readonly WorkloadEvent[])
  const id = workload.id as WorkloadId
  const { reveals, unrevealed } = await readJudgingLists(net.contracts, id, events)
  await act(committee.connect(net.keeper).draw(workload.spec, [...reveals], [...unrevealed]))
  await act(committee.connect(net.keeper).post(workload.id, await ballots(net, id)))
  const gas = mined.map((one) => one.gas)
  const [open = 0, draw = 0, post = 0] = gas.slice(-3)
  return { workload, seats, events, open, draw, post, settle: 0, life: gas.reduce((a, b) => a + b, 0) }
}

/** What all seven members sign: every proof is valid. */
async function ballots(net: Network, workload: WorkloadId) {
  const { contracts } = net
  const { proofs } = await contracts.committee.judgmentOf(workload)
  const domain = { chainId: contracts.chainId, committee: contracts.addresses.committee }
  const verdict = { workload, attempt: 1, proofs: proofs as Bytes32, valid: ALL_VALID }
  return Promise.all(
    (await readCommittee(contracts, workload, 1)).map(async ({ member, seat }) => {
      const operator = net.operators.get((await contracts.registry.seatOf(seat)).operator)
      if (operator === undefined) throw new Error('a member is no operator of the bench')
      return { member, valid: ALL_VALID, ...compactSignature(await signVerdict(operator, domain, verdict)) }
    }),
  )
}

/** Waits until nobody can appeal any more, and settles. */
async function settled(net: Network, one: Judged): Promise<Judged> {
  await net.pass(2 * standard.rules.verdictWindow + 1)
  const seats = one.seats.map(({ seat }) => seat)
  const { gas, events } = await net.mined(net.contracts.market.connect(net.keeper).settle(one.workload.spec, seats))
  return { ...one, settle: gas, life: one.life + gas, events: [...one.events, ...(events as readonly WorkloadEvent[])] }
}

/** Records receipts of three ranks and claims, in two epochs of rewards; the later figures are those of a network in use. */
async function rewardsGas(net: Network, proven: readonly Judged[]): Promise<{ record: number; claim: number }> {
  const rewards = net.contracts.rewards.connect(net.keeper)
  let [record, claim] = [0, 0]
  for (const batch of [proven.slice(0, 1), proven.slice(1)]) {
    for (const { workload, events } of batch) {
      const receipt = await receiptOf(net.contracts, workload.id as WorkloadId, events, (seats) =>
        readSeatOwners(net.contracts, seats),
      )
      if (receipt === undefined) throw new Error('a judged workload left no receipt')
      record = await gasOf(rewards.record([{ ...receipt, entries: [...receipt.entries] }]))
    }
    await net.pass(standard.rewards.epochLength + 1)
    const [seat] = batch.at(-1)?.seats ?? []
    if (seat === undefined) throw new Error('nobody was paid')
    claim = await gasOf(rewards.claim([await seat.operator.getAddress()]))
  }
  return { record, claim }
}

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait()
  if (receipt === null) throw new Error('a transaction was not mined')
  return Number(receipt.gasUsed)
}
