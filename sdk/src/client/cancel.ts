import type { Hex } from '../chain/hex.js'
import { readSeatLists } from '../chain/workloadSeats.js'
import { contractError } from '../chain/contractErrorOf.js'
import { clientError } from '../errors/codes/client.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import { readWorkload, type ReadWorkloadOptions, type WorkloadReading } from './readWorkload.js'
import { send } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link cancel}. */
export interface CancelParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
}

/**
 * Cancels a workload, whatever that takes now. Before the beacon round is fixed: at once, with a full refund. Between that
 * and the draw: waits for the draw. After it: asks for the cancel, waits out the delay and completes it, listing the seats
 * that accepted by itself; they share a compensation that grows with time. Safe to repeat after an abort: it goes on
 * where it stopped. A proof committed meanwhile ends the attempt.
 * @throws GevulotError CONTRACT_COMMITS_EXIST, CONTRACT_COMMITS_CLOSED_ALREADY, CONTRACT_NOT_REQUESTER, CLIENT_NOTHING_TO_DO,
 * CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`; the reason of `signal`.
 */
export function cancel(client: Client, params: CancelParams): Promise<void> {
  return call(client, params, async (client) => {
    const doing = 'cancelling a workload'
    const { market } = client.contracts
    for (;;) {
      const reading = await readWorkload(client.contracts, params.workload, params)
      const { workload } = reading
      switch (workload.status) {
        case 'cancelled':
          return
        case 'pending':
          if (workload.cancelFree) await attempt(client, params, reading, [])
          else await client.clock.sleep(client.settings.pollMs, params.signal)
          continue
        case 'proving':
          if (workload.commits !== 0) throw contractError('CommitsExist', doing, { commits: workload.commits })
          if (workload.cancelFrom === undefined) {
            await send(client, doing, () => market.cancel.populateTransaction(workload.spec, []), params)
          } else if (workload.time < workload.cancelFrom) {
            await client.clock.sleep(client.settings.pollMs, params.signal)
          } else {
            const { cancel: seats } = await readSeatLists(client.contracts, workload.workload, reading.events)
            await attempt(client, params, reading, seats)
          }
          continue
        default:
          throw clientError('CLIENT_NOTHING_TO_DO', `${doing}: it is ${workload.status}`, {
            details: { status: workload.status },
          })
      }
    }
  })
}

// What a step can meet when the chain moved since it was read: look again and decide again.
const MOVED = [
  'CONTRACT_ROUND_FIXED',
  'CONTRACT_CLAIMS_INCOMPLETE',
  'CONTRACT_WRONG_SLOT_STATE',
  'CONTRACT_CANCEL_DELAY_RUNNING',
]

async function attempt(
  client: Client,
  params: CancelParams,
  { workload }: WorkloadReading,
  seats: readonly number[],
): Promise<void> {
  try {
    const build = () => client.contracts.market.cancel.populateTransaction(workload.spec, [...seats])
    await send(client, 'cancelling a workload', build, params)
  } catch (error) {
    if (!(error instanceof GevulotError) || !MOVED.includes(error.code)) throw error
    await client.clock.sleep(client.settings.pollMs, params.signal)
  }
}
