import { z } from 'zod'
import type { Action } from '../chain/action.js'
import { toAddress, type Hex } from '../chain/hex.js'

/** Largest call that is taken: a proof of 64 KiB in calldata, and what stands around it. */
export const MAX_CALL_BYTES = 72 * 1024

/** Largest body: the call as hexadecimal text, and the rest. */
export const MAX_BODY_BYTES = 2 * MAX_CALL_BYTES + 4096

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hexadecimal digits')
  .transform((text) => toAddress(text.toLowerCase()))
const uint = z
  .string()
  .regex(/^\d{1,78}$/, 'must be a whole number in decimal digits')
  .transform(BigInt)
  .refine((number) => number < 1n << 256n, 'must be below 2^256')
const hex = (least: number, most: number) =>
  z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})*$/, 'must be 0x and bytes in hexadecimal digits')
    .refine(
      (text) => text.length >= 2 + 2 * least && text.length <= 2 + 2 * most,
      `must have ${least} to ${most} bytes`,
    )
    .transform((text) => text as Hex)

/** What a relay is sent: an action, its signature, and where both count. */
export const actionBody = z.strictObject({
  chainId: z.int().positive(),
  relay: address,
  action: z.strictObject({
    from: address,
    target: address,
    gas: uint,
    nonce: uint,
    deadline: z.int().nonnegative(),
    data: hex(4, MAX_CALL_BYTES),
  }),
  signature: hex(65, 65),
})

/** What a relay takes. */
export type ActionBody = z.output<typeof actionBody>

/** What a relay says of itself; others may say more. */
export const relayFacts = z.object({
  chainId: z.int().positive(),
  relay: address,
  maxGas: uint,
  gasPerDay: uint,
  maxBytes: z.int().nonnegative(),
})

/** What a relay says of itself. */
export type RelayFacts = z.output<typeof relayFacts>

/** What a relay answers when it takes an action: `sent` while it is not mined. */
export interface Taken {
  readonly status: 'sent' | 'mined'
  readonly transaction: string | null
}

/** The body as it is sent. */
export function toBody(chainId: number, relay: string, action: Action, signature: Hex): string {
  const { from, target, gas, nonce, deadline, data } = action
  const numbers = { gas: gas.toString(), nonce: nonce.toString(), deadline }
  return JSON.stringify({ chainId, relay, action: { from, target, ...numbers, data }, signature })
}
