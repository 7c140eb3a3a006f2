import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import { toAddress, type Hex } from '../chain/hex.js'
import { readCommittee, readJudgment, type CommitteeMember, type Judgment } from '../chain/readJudgment.js'
import { appealBond, splitFee } from '../chain/rewards.js'
import { readRules } from '../chain/rules.js'
import { clientError } from '../errors/codes/client.js'
import { needed, type Client } from './Client.js'
import { pay } from './pay.js'
import { readWorkload, type ReadWorkloadOptions } from './readWorkload.js'
import { send, type SendOptions } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link getJudging} and {@link appeal}. */
export interface JudgingParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
}

/** Parameters of {@link appeal}. */
export interface AppealParams extends JudgingParams {
  /** Token units; an appeal that needs a larger bond is not made. Default: whatever it needs. */
  readonly maxBond?: bigint
}

/** How a committee judges a workload. */
export interface Judging extends Judgment {
  /** Of the attempt; empty before it is drawn. */
  readonly members: readonly CommitteeMember[]
  /** What an appeal needs, token units. */
  readonly appealBond: bigint
  /** Last second for an appeal, Unix time; undefined where there can be none now. */
  readonly appealUntil?: number
}

/**
 * The judging of a workload: where it is, who has answered what, and what an appeal would take.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function getJudging(client: Client, params: JudgingParams): Promise<Judging> {
  return call(client, params, async (client) => {
    const { contracts } = client
    const { workload } = await readWorkload(contracts, params.workload, params)
    const [judgment, rules] = await Promise.all([
      readJudgment(contracts, workload.workload),
      readRules(contracts, workload.terms.rules),
    ])
    const members = await readCommittee(contracts, workload.workload, judgment.attempt)
    const isOpen = judgment.stage === 'Appealable' && judgment.until !== 0
    return {
      ...judgment,
      members,
      appealBond: appealBond(splitFee(workload.terms.fee, rules, true).committee),
      ...(isOpen && { appealUntil: judgment.until + rules.verdictWindow }),
    }
  })
}

/**
 * Appeals the verdict of a committee, once, to a larger one: puts the bond up from the account's tokens. It comes back when the
 * verdict changes or the appeal cannot be heard (see {@link withdrawAppeals}); else it pays the members, and what is left burns.
 * @returns The bond.
 * @throws GevulotError CONTRACT_WRONG_STAGE outside of the time for appeals, CLIENT_PARAMETER_INVALID if the bond is above `maxBond`,
 * CONTRACT_ERC20_INSUFFICIENT_BALANCE, CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function appeal(client: Client, params: AppealParams): Promise<bigint> {
  return call(client, params, async (client) => {
    const doing = 'appealing'
    const { committee, addresses } = client.contracts
    needed(client, 'account', doing)
    const { stage, appealBond: bond } = await getJudging(client, params)
    if (stage !== 'Appealable') {
      throw contractError('WrongStage', doing, { workload: params.workload, have: stage })
    }
    if (params.maxBond !== undefined && bond > params.maxBond) {
      const message = `the bond of an appeal is ${bond}, more than maxBond, ${params.maxBond}`
      throw clientError('CLIENT_PARAMETER_INVALID', message)
    }
    const { workload } = await readWorkload(client.contracts, params.workload, params)
    const build = () => committee.appeal.populateTransaction(workload.spec)
    await pay(client, { to: addresses.committee, amount: bond, doing, approving: 'approving the bond', build }, params)
    return bond
  })
}

/**
 * Pays out what appeals have left to the account: bonds that came back, parts of bonds that were lost.
 * @returns The amount, token units.
 * @throws GevulotError CONTRACT_NOTHING_OWED, `CHAIN_*`
 */
export function withdrawAppeals(client: Client, params: SendOptions & { readonly to?: Hex } = {}): Promise<bigint> {
  return call(client, params, async (client) => {
    const doing = 'withdrawing what appeals have left'
    const account = needed(client, 'account', doing)
    const { committee } = client.contracts
    let amount: bigint
    try {
      amount = await committee.owed(account)
    } catch (error) {
      throw asChainError(error, doing)
    }
    if (amount === 0n) throw contractError('NothingOwed', doing, {})
    const to = params.to === undefined ? account : toAddress(params.to)
    await send(client, doing, () => committee.withdraw.populateTransaction(to), params)
    return amount
  })
}
