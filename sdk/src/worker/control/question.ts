import { z } from 'zod'
import type { WorkloadId } from '../../chain/hex.js'

const workload = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, 'must be 0x and 64 hexadecimal digits')
  .transform((text) => text as WorkloadId)

/** What can be asked of a running worker through its socket. */
export const controlQuestion = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('status') }),
  z.strictObject({ ask: z.literal('waiting') }),
  z.strictObject({ ask: z.literal('decide'), workload, decision: z.enum(['approve', 'decline']) }),
])

/** What can be asked. */
export type ControlQuestion = z.output<typeof controlQuestion>

/** Name of the socket in the data directory. */
export const CONTROL_SOCKET = 'control.sock'
