/** Compares committees with the model. */
import { ZeroAddress, ZeroHash } from 'ethers'
import { expect } from 'chai'

import { readCommittee, readJudgment } from '../../../sdk/src/chain/index.js'
import * as judging from '../protocol/judging.js'
import type { Rules, State } from '../protocol/state.js'
import type { World } from '../World.js'

const bits = (orders: ReadonlySet<number>): number => [...orders].reduce((sum, order) => sum + 2 ** order, 0)

/** Compares the judging of workloads, and the streaks of validators. */
export async function compareJudging(
  world: World,
  state: State,
  rules: Rules,
  numbers: Iterable<number>,
): Promise<void> {
  const { now } = await world.head()
  const compareOne = async (number: number): Promise<void> => {
    const job = state.jobs[number]!
    const { attempts, appeal } = job.judging
    if (attempts.length === 0) return
    const { attempt, number: which } = judging.current(job)
    const have = await readJudgment(world.views, world.jobs[number]!.id)
    const wasDrawn = [...attempts, appeal?.attempt].some((one) => one?.until !== undefined)
    expect(have, `judging of workload ${number}`).to.deep.equal({
      ...{ stage: judging.stageOf(job, rules, now), attempt: which, attempts: attempts.length },
      ...{ appealed: appeal !== undefined, round: attempt.round, epoch: attempt.epoch, until: attempt.until ?? 0 },
      revealed: wasDrawn ? bits(new Set(job.reveals.map(({ order }) => order))) : 0,
      ...{ decided: bits(judging.decided(job)), valid: bits(judging.verdict(job)) },
      proofs: wasDrawn ? judging.chained(job.reveals) : ZeroHash,
      ...{ appellant: appeal?.appellant ?? ZeroAddress, bond: appeal?.bond ?? 0n },
    })
    const members = await readCommittee(world.views, world.jobs[number]!.id, which)
    expect(members, `committee of workload ${number}`).to.deep.equal(
      attempt.members.map(({ seat, answer }, member) => {
        return { member, seat, answered: answer !== undefined, vote: bits(answer ?? new Set()) }
      }),
    )
  }
  await Promise.all([...numbers].map(compareOne))
}

/** Compares what appeals left, and that the committee holds it and the bonds. */
export async function compareOwed(world: World, state: State): Promise<void> {
  const { committee, token } = world.views
  let held = 0n
  for (const account of world.addresses) held += state.owed.get(account) ?? 0n
  const each = world.addresses.map(async (account) => {
    expect(await committee.owed(account), `owed to ${account}`).to.equal(state.owed.get(account) ?? 0n)
  })
  for (const {
    phase,
    judging: { appeal },
  } of state.jobs)
    if (phase !== 'Final') held += appeal?.bond ?? 0n
  const together = async () => expect(await token.balanceOf(committee), 'tokens of the committee').to.equal(held)
  await Promise.all([...each, together()])
}
