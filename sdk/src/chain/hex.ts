import { getAddress, isHexString } from 'ethers'
import { chainError } from '../errors/codes/chain.js'

declare const brand: unique symbol
type Branded<Names extends string> = Hex & { readonly [brand]: Readonly<Record<Names, true>> }

/** `0x` and hexadecimal digits. What callers pass in; it is checked where it enters. */
export type Hex = `0x${string}`
/** A checked 20-byte address with its EIP-55 checksum. */
export type Address = Branded<'address'>
/** A checked 32-byte value in lower case. */
export type Bytes32 = Branded<'bytes32'>
/** Id of a workload: the hash of its spec on one chain and market. */
export type WorkloadId = Branded<'bytes32' | 'workload'>
/** Id of a program. */
export type ProgramId = Branded<'bytes32' | 'program'>

/** Thirty-two zero bytes: no delivery key, no verifier program. */
export const ZERO_BYTES32 = `0x${'0'.repeat(64)}` as Bytes32

/** No contract. */
export const ZERO_ADDRESS = `0x${'0'.repeat(40)}` as Address

/**
 * Checks an address.
 * @throws GevulotError CHAIN_HEX_INVALID
 */
export function toAddress(text: string): Address {
  try {
    return getAddress(text) as Address
  } catch (cause) {
    throw chainError('CHAIN_HEX_INVALID', `not an address: ${shown(text)}`, { cause })
  }
}

/**
 * Checks a 32-byte value.
 * @param what What it is, for the error.
 * @throws GevulotError CHAIN_HEX_INVALID
 */
export function toBytes32(text: string, what = '32-byte value'): Bytes32 {
  if (!isHexString(text, 32)) throw chainError('CHAIN_HEX_INVALID', `not a ${what}: ${shown(text)}`)
  return text.toLowerCase() as Bytes32
}

/**
 * Checks a workload id.
 * @throws GevulotError CHAIN_HEX_INVALID
 */
export function toWorkloadId(text: string): WorkloadId {
  return toBytes32(text, 'workload id') as WorkloadId
}

/**
 * Checks a program id.
 * @throws GevulotError CHAIN_HEX_INVALID
 */
export function toProgramId(text: string): ProgramId {
  return toBytes32(text, 'program id') as ProgramId
}

function shown(text: unknown): string {
  return JSON.stringify(String(text).slice(0, 80))
}
