import { verifyTypedData, type Signer } from 'ethers'
import { toAddress, toWorkloadId, type Address, type Hex } from '../../chain/hex.js'
import { digestOf, type Digest } from '../../content/digest.js'
import { clientError } from '../../errors/codes/client.js'
import type { Delivery } from './DeliveryInbox.js'

/** The market a delivery belongs to: a signature for one is worth nothing at another. */
export interface DeliveryDomain {
  readonly chainId: number
  readonly market: Hex
}

const TYPES = {
  Delivery: [
    { name: 'workload', type: 'bytes32' },
    { name: 'seat', type: 'uint256' },
    { name: 'digest', type: 'bytes32' },
  ],
}

/**
 * Signs a sealed proof as the operator of a seat (EIP-712 over workload, seat and the sha-256 of the sealed bytes).
 * @example
 * await inbox.put(await signDelivery(operator, domain, { workload, seat, sealed: sealProof({ proof, salt }, deliveryKey) }))
 */
export async function signDelivery(
  operator: Pick<Signer, 'signTypedData'>,
  domain: DeliveryDomain,
  delivery: Omit<Delivery, 'signature'>,
): Promise<Delivery> {
  const signature = await operator.signTypedData(domainOf(domain), TYPES, messageOf(delivery))
  return { ...delivery, signature: signature as Hex }
}

/**
 * Who signed a delivery, of which the digest of the sealed bytes is enough.
 * @throws GevulotError CLIENT_DELIVERY_REFUSED
 */
export function signerOfDelivery(
  domain: DeliveryDomain,
  delivery: Delivery | (Omit<Delivery, 'sealed'> & { readonly digest: Digest }),
): Address {
  try {
    return toAddress(verifyTypedData(domainOf(domain), TYPES, messageOf(delivery), delivery.signature))
  } catch (cause) {
    throw clientError('CLIENT_DELIVERY_REFUSED', 'the delivery is not signed properly', { cause })
  }
}

function domainOf({ chainId, market }: DeliveryDomain) {
  return { name: 'Gevulot delivery', version: '1', chainId, verifyingContract: market }
}

function messageOf(
  delivery: Omit<Delivery, 'signature'> | (Omit<Delivery, 'sealed' | 'signature'> & { digest: Digest }),
) {
  const { workload, seat } = delivery
  const digest = 'digest' in delivery ? delivery.digest : digestOf(delivery.sealed)
  return { workload: toWorkloadId(workload), seat, digest }
}
