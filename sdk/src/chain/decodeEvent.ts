import { AbiCoder, getBytes, Result, type Interface, type Log, type ParamType } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import type { Contracts } from './connect.js'
import { decodeDrawnCandidate } from './draw.js'
import type { GevulotEvent, LogPosition } from './events.js'
import { ACCESS_LISTS, FAIL_REASONS, nameAt, OUTCOMES } from './names.js'

// Whole numbers of these names can pass 2^53: amounts, packed words, commitments.
const WIDE = new Set([
  'amount',
  'bond',
  'bounty',
  'charge',
  'paid',
  'refunded',
  'burned',
  'returned',
  'each',
  'terms',
  'commitment',
  'priceFloor',
  'points',
  'budget',
  'rewards',
])
const CONTRACTS = ['market', 'committee', 'rewards'] as const

/**
 * Decodes a log of the market, the registry, the committee or the network rewards.
 * @returns undefined for events that are none of ours to report (ownership).
 * @throws GevulotError CHAIN_EVENT_MALFORMED
 */
export function decodeEvent(
  contracts: Pick<Contracts, 'addresses' | 'market' | 'registry' | 'committee' | 'rewards'>,
  log: Log,
): GevulotEvent | undefined {
  const { addresses } = contracts
  const { market, committee, rewards } = addresses
  const contract = CONTRACTS.find((name) => log.address === { market, committee, rewards }[name]) ?? 'registry'
  const { interface: abi } = contracts[contract]
  const parsed = parse(abi, log)
  if (parsed === null || parsed.name.startsWith('Ownership')) return undefined
  const args = Object.fromEntries(
    parsed.fragment.inputs.map((input, index) => [
      input.name,
      input.baseType === 'string' ? textOf(parsed.fragment.inputs, index, log) : valueOf(input, parsed.args[index]),
    ]),
  )
  const at = {
    block: log.blockNumber,
    blockHash: log.blockHash,
    transaction: log.transactionHash,
    logIndex: log.index,
  } as LogPosition
  // The ABI has just decoded these very names and types; events.ts lists them, and a test compares the two.
  return { contract, name: parsed.name, args, at } as unknown as GevulotEvent
}

function parse(abi: Interface, log: Log): ReturnType<Interface['parseLog']> {
  try {
    return abi.parseLog(log)
  } catch (cause) {
    throw chainError('CHAIN_EVENT_MALFORMED', `log ${log.index} of ${log.transactionHash} does not decode`, { cause })
  }
}

/** A text of an event: whoever wrote it may have written bytes that are none, and that must stop nobody who reads on. */
function textOf(inputs: readonly ParamType[], index: number, log: Log): string {
  const [before, stored] = [inputs.slice(0, index), inputs.filter(({ indexed }) => indexed !== true)]
  const types = stored.map((input) => (input.baseType === 'string' ? 'bytes' : input))
  const values = AbiCoder.defaultAbiCoder().decode(types, log.data)
  const place = before.filter(({ indexed }) => indexed !== true).length
  return new TextDecoder().decode(getBytes(values[place] as string))
}

function valueOf(type: ParamType, value: unknown): unknown {
  if (type.name === 'candidates') return [...(value as Iterable<bigint>)].map(decodeDrawnCandidate)
  if (type.baseType === 'array') return [...(value as Iterable<bigint>)].map(Number)
  if (value instanceof Result) {
    return Object.fromEntries((type.components ?? []).map((part, index) => [part.name, valueOf(part, value[index])]))
  }
  if (typeof value !== 'bigint') return value
  if (type.name === 'outcome') return nameAt(OUTCOMES, value)
  if (type.name === 'list') return nameAt(ACCESS_LISTS, value)
  if (type.name === 'reason') return nameAt(FAIL_REASONS, value)
  return WIDE.has(type.name) ? value : Number(value)
}
