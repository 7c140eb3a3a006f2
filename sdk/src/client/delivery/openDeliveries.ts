import { commitmentOf } from '../../chain/commitment.js'
import type { Address, WorkloadId } from '../../chain/hex.js'
import { digestOf, type Digest } from '../../content/digest.js'
import type { DeliveryKey } from '../../crypto/DeliveryKey.js'
import { openSealedProof, type OpenedProof } from '../../crypto/sealedProof.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { byRank } from '../byRank.js'
import { needed, type Client } from '../Client.js'
import type { Workload, WorkloadSlot } from '../Workload.js'
import type { ReceivedDelivery } from './DeliveryInbox.js'
import { call, type CallOptions } from '../call.js'

/** A delivered proof that opens a commitment on chain. Whether it is valid is for a verifier to say. */
export interface OpenedDelivery extends OpenedProof {
  readonly digest: Digest
  readonly seat: number
  readonly operator: Address
}

/**
 * Opens what has arrived for a workload and keeps what opens the commitment of its seat, best commit first. Everything else
 * (sealed to another key, damaged, not committed) is left out: anyone may write to an inbox.
 * @throws GevulotError CLIENT_OPTION_MISSING, and what the inbox throws.
 */
export function openDeliveries(
  client: Client,
  workload: Pick<Workload, 'workload' | 'slots'>,
  options: CallOptions = {},
): Promise<OpenedDelivery[]> {
  return call(client, options, async (client) => {
    const inbox = needed(client, 'inbox', 'opening deliveries')
    const key = needed(client, 'deliveryKey', 'opening deliveries')
    const listed = await inbox.list(workload.workload, options)
    const opened: OpenedDelivery[] = []
    for (const slot of committedOf(workload)) {
      // One at a time: what does not open, which anybody may leave there, is let go.
      for (const delivery of listed.filter(({ seat }) => seat === slot.seat)) {
        const received = await inbox.read(delivery, options)
        if (received !== undefined) opened.push(...[open(key, workload.workload, slot, received) ?? []].flat())
      }
    }
    return opened
  })
}

/** {@link openDeliveries} of what has been fetched already. */
export function openReceived(
  deliveries: readonly ReceivedDelivery[],
  workload: Pick<Workload, 'workload' | 'slots'>,
  key: DeliveryKey,
): OpenedDelivery[] {
  return committedOf(workload).flatMap((slot) =>
    deliveries.flatMap((delivery) => open(key, workload.workload, slot, delivery) ?? []),
  )
}

function committedOf({ slots }: Pick<Workload, 'slots'>): WorkloadSlot[] {
  return slots.filter((slot) => slot.status === 'committed').sort(byRank)
}

function open(
  key: DeliveryKey,
  workload: WorkloadId,
  slot: WorkloadSlot,
  { seat, operator: from, sealed }: ReceivedDelivery,
): OpenedDelivery | undefined {
  if (seat !== slot.seat) return undefined
  // A submitter key may have signed it. Whose proof it is says the commitment, which only the prover can open.
  const operator = slot.operator ?? from
  try {
    const opened = openSealedProof(sealed, key)
    const digest = digestOf(opened.proof)
    const commitment = commitmentOf({ proofDigest: digest, operator, workload, seat, salt: opened.salt })
    return commitment === slot.commitment ? { ...opened, digest, seat, operator } : undefined
  } catch (error) {
    if (error instanceof GevulotError && error.code.startsWith('CRYPTO_')) return undefined
    throw error
  }
}
