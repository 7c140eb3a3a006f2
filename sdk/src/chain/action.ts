import { dataSlice, getBytes, toBigInt, TypedDataEncoder, verifyTypedData, type Interface, type Signer } from 'ethers'
import type { Contracts } from './connect.js'
import { toAddress, type Address, type Hex } from './hex.js'

/** A call that an account signs and anybody may carry out at its own cost of gas. Mirrors contracts/interfaces/IRelay.sol. */
export interface Action {
  /** Account that signs and for which the call is made. */
  readonly from: Address
  readonly target: Address
  /** Gas the call is given: no less and no more. */
  readonly gas: bigint
  /** Any number the account has not used. */
  readonly nonce: bigint
  /** Last second, Unix time. */
  readonly deadline: number
  readonly data: Hex
}

/** The relay contract an action is for. */
export interface ActionDomain {
  readonly chainId: number
  readonly relay: Address
}

const TYPES = {
  Action: [
    { name: 'from', type: 'address' },
    { name: 'target', type: 'address' },
    { name: 'gas', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
    { name: 'data', type: 'bytes' },
  ],
}

// Of market and qualification: mirrors `Relay.isAct`. Of the committee: what anyone may do to bring a judging on.
const ACTS = {
  market: [
    ...['accept', 'commit', 'commitOpen', 'reveal', 'revealToCommittee', 'submitProof', 'assign', 'assignMany'],
    ...['decline', 'fail', 'settle', 'clear', 'slash'],
  ],
  qualification: ['answer', 'excuse', 'open', 'start', 'evict'],
  committee: ['open', 'draw', 'post'],
} as const

const WORD = 32

/** Signs an action. */
export async function signAction(
  signer: Pick<Signer, 'signTypedData'>,
  domain: ActionDomain,
  action: Action,
): Promise<Hex> {
  return (await signer.signTypedData(domainOf(domain), TYPES, action)) as Hex
}

/** Who signed an action; undefined when the signature is none. */
export function signerOfAction(domain: ActionDomain, action: Action, signature: string): Address | undefined {
  try {
    return toAddress(verifyTypedData(domainOf(domain), TYPES, action, signature))
  } catch {
    return undefined
  }
}

/** The EIP-712 digest of an action, as the contract computes it. */
export function digestOfAction(domain: ActionDomain, action: Action): Hex {
  return TypedDataEncoder.hash(domainOf(domain), TYPES, action) as Hex
}

/**
 * Whether a call is an act of a seat or a keeper, which moves no balance, bond or seat; a batch if each of its items is one. An act that a
 * submitter key makes for its operator counts too.
 */
export function isAct(contracts: Contracts, { target, data }: Pick<Action, 'target' | 'data'>): boolean {
  const { addresses, market, qualification, committee } = contracts
  if (target === addresses.qualification) return isNamed(qualification.interface, ACTS.qualification, data)
  if (target === addresses.committee) return isNamed(committee.interface, ACTS.committee, data)
  if (target === addresses.relay) return isSubmitted(contracts, data)
  if (target !== addresses.market) return false
  if (!isNamed(market.interface, ['tryMany'], data)) return isNamed(market.interface, ACTS.market, data)
  const items = itemsOf(market.interface, 'tryMany', data)
  return items.length > 0 && items.every((item) => isNamed(market.interface, ACTS.market, item))
}

/** An act by a submitter key: the relay contract lets it make single acts, or several of the market, and nothing else. */
function isSubmitted(contracts: Contracts, data: Hex): boolean {
  const { addresses, relay, market, qualification } = contracts
  if (isNamed(relay.interface, ['actMany'], data)) {
    const items = itemsOf(relay.interface, 'actMany', data)
    return items.length > 0 && items.every((item) => isNamed(market.interface, ACTS.market, item))
  }
  if (!isNamed(relay.interface, ['act'], data)) return false
  try {
    const [, to, inner] = relay.interface.decodeFunctionData('act', data) as unknown as readonly [
      string,
      string,
      string,
    ]
    if (toAddress(to) === addresses.market) return isNamed(market.interface, ACTS.market, inner)
    return toAddress(to) === addresses.qualification && isNamed(qualification.interface, ACTS.qualification, inner)
  } catch {
    return false
  }
}

function isNamed(abi: Pick<Interface, 'getFunction'>, names: readonly string[], data: string): boolean {
  return names.some((name) => abi.getFunction(name)?.selector === data.slice(0, 10).toLowerCase())
}

/** The items of a batch, which are the last argument of its call; none when it is not encoded plainly. */
function itemsOf(
  abi: Pick<Interface, 'decodeFunctionData'>,
  name: 'tryMany' | 'actMany',
  data: Hex,
): readonly string[] {
  try {
    if (!isPlainList(getBytes(dataSlice(data, 4)), name === 'tryMany' ? 0 : WORD)) return []
    const items = abi.decodeFunctionData(name, data).at(-1) as unknown as readonly string[]
    return items.map(String)
  } catch {
    return []
  }
}

/**
 * Whether the items of an encoded `bytes[]` fit beside each other into what encodes them. Nothing in the encoding prevents a thousand items from
 * naming the same bytes: decoded they would fill a thousand times the memory.
 * @param place Of the list's offset among the arguments.
 */
function isPlainList(bytes: Uint8Array, place: number): boolean {
  const numberAt = (at: number): number => Number(toBigInt(bytes.slice(at, at + WORD)))
  const start = numberAt(place) + WORD
  const count = numberAt(start - WORD)
  let size = 0
  for (let index = 0; index < count; index++) {
    size += WORD + numberAt(start + numberAt(start + index * WORD))
    if (!(size <= bytes.length)) return false
  }
  return true
}

function domainOf({ chainId, relay }: ActionDomain) {
  return { name: 'Gevulot Relay', version: '1', chainId, verifyingContract: relay }
}
