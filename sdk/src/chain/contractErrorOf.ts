import { decodeBytes32String, formatEther, Interface, MaxUint256, type ErrorDescription, type Fragment } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import { CONTRACT_ERRORS, type ContractErrorName } from '../errors/codes/contracts.js'
import { GevulotError } from '../errors/GevulotError.js'
import { BlockhashBeacon__factory } from './generated/factories/BlockhashBeacon__factory.js'
import { DrandBeacon__factory } from './generated/factories/DrandBeacon__factory.js'
import { GevulotToken__factory } from './generated/factories/GevulotToken__factory.js'
import { ICommittee__factory } from './generated/factories/ICommittee__factory.js'
import { IMarketViewer__factory } from './generated/factories/IMarketViewer__factory.js'
import { IMarket__factory } from './generated/factories/IMarket__factory.js'
import { IQualification__factory } from './generated/factories/IQualification__factory.js'
import { ProverRegistry__factory } from './generated/factories/ProverRegistry__factory.js'
import { Relay__factory } from './generated/factories/Relay__factory.js'
import { Rewards__factory } from './generated/factories/Rewards__factory.js'
import { JUDGING_STAGES, nameAt, PHASES, SEAT_STATUSES, SLOT_STATES } from './names.js'

const ABIS = [
  IMarket__factory,
  IMarketViewer__factory,
  ProverRegistry__factory,
  Relay__factory,
  IQualification__factory,
  Rewards__factory,
  ICommittee__factory,
  GevulotToken__factory,
  BlockhashBeacon__factory,
  DrandBeacon__factory,
]

/** Arguments that name what is out of bounds. */
const BOUNDED: ReadonlySet<string> = new Set([
  'InvalidTerms.term',
  'InvalidRules.rule',
  'InvalidProgram.part',
  'InvalidClassBond.parameter',
  'InvalidPeers.what',
  'InvalidPolicy.parameter',
])

// An error may come through another contract than the one called, so all are known together.
let known: Interface | undefined
function errorInterface(): Interface {
  return (known ??= new Interface(ABIS.flatMap((factory) => errorsOf(factory.createInterface().fragments))))
}

/**
 * Decodes the revert data of a contract call by our ABIs. The code is `CONTRACT_` and the error's name; the arguments are
 * in `details`.
 * @param doing What was being done, for the message.
 */
export function contractErrorOf(data: string, doing: string, cause?: unknown): GevulotError {
  let parsed: ErrorDescription | null
  try {
    parsed = errorInterface().parseError(data)
  } catch {
    parsed = null
  }
  if (parsed === null) {
    return chainError('CHAIN_REVERTED', `${doing}: the call reverts with unknown data`, { cause, details: { data } })
  }
  const details = argumentsOf(parsed)
  if (!Object.hasOwn(CONTRACT_ERRORS, parsed.name)) {
    return chainError('CHAIN_REVERTED', `${doing}: ${parsed.name} ${JSON.stringify(Object.values(details), textOf)}`, {
      cause,
      details: { error: parsed.name, ...details },
    })
  }
  return contractError(parsed.name as ContractErrorName, doing, details, cause)
}

/**
 * The error a contract would give, for checks made before anything is sent.
 * @param details The arguments of the contract's error.
 */
export function contractError(
  name: ContractErrorName,
  doing: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): GevulotError {
  const { text, ...descriptor } = CONTRACT_ERRORS[name]
  const message = text.replace(/\{(\w+)(?::(\w+))?\}/g, (_, key: string, form?: string) => written(details[key], form))
  return new GevulotError(codeOf(name), descriptor, `${doing}: ${message}`, { cause, details })
}

/** An argument as people read it: `tokens` of token units, `time` of Unix seconds. */
function written(value: unknown, form: string | undefined): string {
  if (typeof value !== 'bigint') return String(value)
  if (value === MaxUint256) return 'any number'
  if (form === 'tokens') return `${formatEther(value).replace(/\.0$/, '')} GVLT`
  if (form === 'time') return dated(value)
  return String(value)
}

/** A date, or the number where no calendar reaches: an endpoint may answer anything. */
function dated(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}

/** The stable code of a contract error: `FeeTooLow` → `CONTRACT_FEE_TOO_LOW`. */
export function codeOf(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/(ERC20|ECDSA)([A-Z])/g, '$1_$2')
  return `CONTRACT_${words.toUpperCase()}`
}

function argumentsOf(error: ErrorDescription): Record<string, unknown> {
  return Object.fromEntries(
    error.fragment.inputs.map((input, index) => [input.name, named(error.name, input.name, error.args[index])]),
  )
}

/** Numbers of enumerations become their names, and the words in which bounds are named become text. */
function named(error: string, argument: string, value: unknown): unknown {
  if (BOUNDED.has(`${error}.${argument}`)) return decodeBytes32String(String(value))
  if (typeof value !== 'bigint') return value
  if (error === 'WrongPhase' || (error === 'NotInPhase' && argument === 'have')) return nameAt(PHASES, value)
  if (error === 'WrongSlotState' && argument === 'have') return nameAt(SLOT_STATES, value)
  if (error === 'WrongStage') return nameAt(JUDGING_STAGES, value)
  if (error === 'WrongSeatStatus' && argument === 'have') return nameAt(SEAT_STATUSES, value)
  return value
}

function errorsOf(fragments: readonly Fragment[]): Fragment[] {
  return fragments.filter((fragment) => fragment.type === 'error')
}

function textOf(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
