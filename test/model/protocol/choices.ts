/** What the owner chooses for workloads, seats and checks to come. Written from design §3, §6 and docs/parameters.md. */
import { checkOwner } from './access.js'
import { disciplineAt } from './registry.js'
import type { ClassTerms, Discipline, Moment, Policy, Rules, State, WorkRules } from './state.js'
import { refuse } from './state.js'

const HOUR = 3_600
const DAY = 86_400
const BPS = 10_000n
const BOUNTY_STEP = 1_000n * 1_000_000_000n
/** Steps of the largest bounty. */
const MOST_STEPS = 2n ** 22n - 1n
const ASSIGN_EPOCHS = 3

/** Writes rules under the next number. */
export function addRules(state: State, network: Rules, moment: Moment, rules: WorkRules): void {
  checkOwner(network, moment)
  const isBounty = (amount: bigint): boolean => amount % BOUNTY_STEP === 0n && amount / BOUNTY_STEP <= MOST_STEPS
  const { silenceWindow, revealDelay, revealWindow, verdictWindow, committeeBps } = rules
  const judges = verdictWindow <= HOUR && committeeBps >= 100n && committeeBps <= 1_000n
  const life = (ASSIGN_EPOCHS + 1) * network.epochLength + DAY + silenceWindow + revealDelay + revealWindow
  const fits =
    rules.responseWindow <= 511 &&
    rules.responseWindow <= silenceWindow &&
    silenceWindow <= 3 * DAY &&
    revealWindow >= 1 &&
    [revealWindow, revealDelay, rules.cancelDelay].every((seconds) => seconds <= HOUR) &&
    rules.baseBurnBps <= 2_000n &&
    isBounty(rules.assignBounty) &&
    isBounty(rules.settleBounty) &&
    (verdictWindow === 0 ? committeeBps === 0n : judges) &&
    // Nobody leaves out of a workload.
    life < network.cooldown
  refuse(!fits, 'InvalidRules')
  state.written.push(rules)
}

/** Chooses what new submissions to a class must meet, and their rules; rules zero close it. */
export function setTerms(
  state: State,
  network: Rules,
  moment: Moment,
  of: number,
  { minimum, rules }: Pick<ClassTerms, 'minimum' | 'rules'>,
): void {
  checkOwner(network, moment)
  refuse(rules > state.written.length, 'InvalidRules')
  const chosen = state.written[rules - 1]
  const bounties = chosen === undefined ? 0n : chosen.assignBounty + chosen.settleBounty
  const taken = chosen === undefined ? 0n : chosen.baseBurnBps + chosen.committeeBps
  // The smallest fee pays its bounties out of what is left of it.
  refuse(minimum.fee * (BPS - taken) < bounties * BPS, 'InvalidRules')
  Object.assign(state.classes.get(of)!, { minimum, rules })
}

/** Changes a class's bond at once, and what it takes from those who fail it a cooldown later. */
export function setBond(
  state: State,
  network: Rules,
  moment: Moment,
  of: number,
  { bond, discipline }: { readonly bond: bigint; readonly discipline: Discipline },
): void {
  checkOwner(network, moment)
  refuse(bond === 0n || discipline.slashBps > 5_000n || discipline.bountyBps > 1_000n, 'InvalidClassBond')
  const terms = state.classes.get(of)!
  const today = disciplineAt(terms, moment.now)
  const isSame =
    today.slashBps === discipline.slashBps &&
    today.bountyBps === discipline.bountyBps &&
    today.declineQuota === discipline.declineQuota
  const coming = isSame ? undefined : { discipline, from: moment.now + network.cooldown }
  Object.assign(terms, { bond, discipline: today, coming })
}

/** Chooses how the seats of a class qualify, for checks opened from now on; undefined: they need not. */
export function setPolicy(state: State, network: Rules, moment: Moment, of: number, policy: Policy | undefined): void {
  checkOwner(network, moment)
  const schedule = state.schedules.get(of)!
  if (policy !== undefined) {
    const { window, period, fractionBps, excuses, chargeBps } = policy
    const fits =
      window >= 1 &&
      window <= HOUR &&
      period >= 2 * window &&
      2 * period <= network.cooldown &&
      fractionBps >= 1n &&
      fractionBps <= BPS &&
      excuses <= 7 &&
      chargeBps <= 500n
    refuse(!fits, 'InvalidPolicy')
  }
  schedule.policy = policy
}
