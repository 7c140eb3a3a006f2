import { connect, type Contracts } from '../../sdk/src/chain/connect.js'
import type { WorkloadEvent } from '../../sdk/src/chain/events.js'
import type { Address, WorkloadId } from '../../sdk/src/chain/hex.js'
import { readJudgingLists } from '../../sdk/src/chain/judgingLists.js'
import { readEvents } from '../../sdk/src/chain/readEvents.js'
import { readJudgment } from '../../sdk/src/chain/readJudgment.js'
import type { Spec } from '../../sdk/src/chain/spec.js'
import { compactSignature, signVerdict } from '../../sdk/src/chain/verdict.js'
import { TOKEN, type Network, type Operator } from './network.js'

// Three more than a committee has.
export const SEATS = 10
const ACCOUNT = 9

/** What the validators do, each act mined. */
export interface Committee {
  /** Whose seats they are. */
  readonly validator: Pick<Operator, 'contracts' | 'address'>
  /** Opens the judging of a workload whose reveals are over, and draws its committee. */
  readonly draw: (workload: WorkloadId, spec: Spec) => Promise<void>
  /** Appeals the verdict once the time for answers is over, and draws the committee that decides it: all {@link SEATS} of the validators, and all must agree. */
  readonly appeal: (workload: WorkloadId, spec: Spec) => Promise<void>
  /** Posts the answer of some members: bit k of `valid` for commit order k. */
  readonly vote: (workload: WorkloadId, valid: number, members: readonly number[]) => Promise<void>
  /** Lets the time for answers, or for an appeal, pass. */
  readonly windowOver: () => Promise<void>
}

/** Stakes the validators' seats, all of them of one account: one signature is the answer of any of its members. */
export async function startCommittee({ owner, chain, deployment, parameters }: Network): Promise<Committee> {
  const validator = chain.account(ACCOUNT)
  const asOwner = await connect(deployment, owner)
  const own: Contracts = await connect(deployment, validator)
  await (await asOwner.token.transfer(validator.address, 10_000n * TOKEN)).wait()
  await (await asOwner.registry.admit(validator.address, true)).wait()
  await (await own.token.approve(deployment.registry, 10_000n * TOKEN)).wait()
  await (await own.registry.stake(await own.committee.validatorClass(), SEATS, 0)).wait()
  await chain.pass(2 * parameters.epochLength)
  const drawFor = async (workload: WorkloadId, spec: Spec): Promise<void> => {
    await chain.mine(4)
    const events: WorkloadEvent[] = []
    for await (const event of readEvents(own, { workload }))
      if ('workload' in event.args) events.push(event as WorkloadEvent)
    const { reveals, unrevealed } = await readJudgingLists(own, workload, events)
    await (await own.committee.draw(spec, [...reveals], [...unrevealed])).wait()
  }
  return {
    validator: { contracts: own, address: validator.address as Address },
    draw: async (workload, spec) => {
      await (await own.committee.open(spec)).wait()
      await drawFor(workload, spec)
    },
    appeal: async (workload, spec) => {
      await (await own.token.approve(own.addresses.committee, 10_000n * TOKEN)).wait()
      await (await asOwner.token.transfer(validator.address, 10_000n * TOKEN)).wait()
      await (await own.committee.appeal(spec)).wait()
      await drawFor(workload, spec)
    },
    vote: async (workload, valid, members) => {
      const { attempt, proofs } = await readJudgment(own, workload)
      const domain = { chainId: own.chainId, committee: own.addresses.committee }
      const signature = compactSignature(await signVerdict(validator, domain, { workload, attempt, proofs, valid }))
      const answers = members.map((member) => ({ member, valid, ...signature }))
      await (await own.committee.post(workload, answers)).wait()
    },
    windowOver: () => chain.pass(parameters.rules.verdictWindow + 1),
  }
}
