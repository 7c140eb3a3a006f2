import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import { toAddress, type Address } from './hex.js'
import type { MoneyRules } from './rewards.js'

const GWEI = 1_000_000_000n

/** Windows in seconds and money rules of a workload, frozen when it is submitted. */
export interface Rules extends MoneyRules {
  /** Seconds after the draw in which an assigned seat must answer to keep its slot for itself (cut to a tenth of the run time). */
  readonly responseWindow: number
  /** Seconds after the draw after which a seat that never answered can be slashed. */
  readonly silenceWindow: number
  /** Seconds between the close of commits and the first reveal. */
  readonly revealDelay: number
  /** Seconds in which commits can be revealed. */
  readonly revealWindow: number
  /** Seconds between the two steps of a cancel. */
  readonly cancelDelay: number
  /** Seconds a committee has for its verdict, and an appeal after that; zero without committees. */
  readonly verdictWindow: number
  readonly beacon: Address
}

/** What submissions to a class must meet, in token units. */
export interface ClassTerms {
  readonly minimumFee: bigint
  /** Per second of maximum run time and slot. */
  readonly minimumRate: bigint
  /** Number of the rules in force; 0 when the class takes no submissions. */
  readonly rules: number
}

/**
 * Reads rules by number; they never change.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readRules(contracts: Contracts, number: number): Promise<Rules> {
  try {
    const rules = await contracts.market.rulesOf(number)
    return {
      responseWindow: Number(rules.responseWindow),
      silenceWindow: Number(rules.silenceWindow),
      revealDelay: Number(rules.revealDelay),
      revealWindow: Number(rules.revealWindow),
      cancelDelay: Number(rules.cancelDelay),
      baseBurnBps: Number(rules.baseBurnBps),
      assignBounty: rules.assignBounty * GWEI,
      settleBounty: rules.settleBounty * GWEI,
      committeeBps: Number(rules.committeeBps),
      verdictWindow: Number(rules.verdictWindow),
      beacon: toAddress(rules.beacon),
    }
  } catch (error) {
    throw asChainError(error, `reading rules ${number}`)
  }
}

/**
 * Reads what new submissions to a class must meet.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readClassTerms(contracts: Contracts, hardwareClass: number): Promise<ClassTerms> {
  try {
    const terms = await contracts.market.classTermsOf(hardwareClass)
    return {
      minimumFee: terms.minimumFee * GWEI,
      minimumRate: terms.minimumRate * GWEI,
      rules: Number(terms.rules),
    }
  } catch (error) {
    throw asChainError(error, `reading the terms of class ${hardwareClass}`)
  }
}

/** The least fee of a workload, in token units. Mirrors `Submission._checkTerms`. */
export function minimumFeeOf(terms: ClassTerms, maxRunTime: number, redundancy: number): bigint {
  const byTime = terms.minimumRate * BigInt(maxRunTime)
  return (byTime > terms.minimumFee ? byTime : terms.minimumFee) * BigInt(redundancy)
}
