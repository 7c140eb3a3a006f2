export { deliveryKeyOf, deriveDeliveryKey, generateDeliveryKey, type DeliveryKey } from './DeliveryKey.js'
export { openSealed, seal, SEAL_BYTES } from './sealedBox.js'
export { openSealedProof, sealProof, type OpenedProof } from './sealedProof.js'
