import { expect } from 'chai'
import { getBytes, hexlify } from 'ethers'
import fc from 'fast-check'
import sodium from 'libsodium-wrappers'
import { deliveryKeyOf, deriveDeliveryKey, generateDeliveryKey } from '../../sdk/src/crypto/DeliveryKey.js'
import { openSealed, seal, SEAL_BYTES } from '../../sdk/src/crypto/sealedBox.js'
import { openSealedProof, sealProof } from '../../sdk/src/crypto/sealedProof.js'
import { thrown } from '../support/thrown.js'

describe('crypto: sealed boxes', () => {
  before(() => sodium.ready)

  it('open and are opened by libsodium', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        const key = generateDeliveryKey()
        const publicKey = getBytes(key.publicKey)
        const ours = seal(message, key.publicKey)
        expect(ours.length).to.equal(message.length + SEAL_BYTES)
        expect(hexlify(sodium.crypto_box_seal_open(ours, publicKey, key.secret))).to.equal(hexlify(message))
        const theirs = sodium.crypto_box_seal(message, publicKey)
        expect(hexlify(openSealed(theirs, key))).to.equal(hexlify(message))
      }),
      { numRuns: 50 },
    )
  })

  it('make the public key that libsodium makes', () => {
    const secret = Uint8Array.from({ length: 32 }, (_, index) => index)
    expect(deliveryKeyOf(secret).publicKey).to.equal(hexlify(sodium.crypto_scalarmult_base(secret)))
  })

  it('refuse another key, every single changed byte, and what is too short', () => {
    const key = generateDeliveryKey()
    const sealed = seal(Buffer.from('proof'), key.publicKey)
    expect(thrown(() => openSealed(sealed, generateDeliveryKey())).code).to.equal('CRYPTO_SEAL_INVALID')
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed)
      changed[index]! ^= 0x10
      expect(thrown(() => openSealed(changed, key)).code).to.equal('CRYPTO_SEAL_INVALID')
    }
    expect(thrown(() => openSealed(sealed.subarray(0, 47), key)).code).to.equal('CRYPTO_SEAL_INVALID')
  })

  it('refuse keys that are none', () => {
    expect(thrown(() => seal(Buffer.from('x'), '0x1234')).code).to.equal('CRYPTO_KEY_INVALID')
    // The all-zero point has low order: everybody would know the shared secret.
    expect(thrown(() => seal(Buffer.from('x'), `0x${'00'.repeat(32)}`)).code).to.equal('CRYPTO_KEY_INVALID')
    expect(thrown(() => deliveryKeyOf(new Uint8Array(31))).code).to.equal('CRYPTO_KEY_INVALID')
    expect(thrown(() => deriveDeliveryKey(new Uint8Array(8), 'x')).code).to.equal('CRYPTO_KEY_INVALID')
  })

  it('derive the same key from the same secret and context only', () => {
    const secret = new Uint8Array(32).fill(7)
    const key = deriveDeliveryKey(secret, 'a')
    expect(deriveDeliveryKey(secret, 'a')).to.deep.equal(key)
    expect(deriveDeliveryKey(secret, 'b').publicKey).not.to.equal(key.publicKey)
    // A stored workload must stay openable: the derivation never changes.
    expect(key.publicKey).to.equal(DERIVED)
  })

  it('carry a proof and its salt', () => {
    const key = generateDeliveryKey()
    const salt = `0x${'ab'.repeat(32)}` as const
    for (const proof of [Buffer.alloc(0), Buffer.from('proof')]) {
      const opened = openSealedProof(sealProof({ proof, salt }, key.publicKey), key)
      expect(opened.salt).to.equal(salt)
      expect(Buffer.from(opened.proof).equals(proof)).to.equal(true)
    }
    expect(thrown(() => openSealedProof(seal(Buffer.from('something else'), key.publicKey), key)).code).to.equal(
      'CRYPTO_SEAL_INVALID',
    )
    expect(thrown(() => sealProof({ proof: Buffer.alloc(1), salt: '0x12' }, key.publicKey)).code).to.equal(
      'CHAIN_HEX_INVALID',
    )
  })
})

const DERIVED = '0x38536aa69819d9b5e41276a9b5a89c84937bb4950c08900bb2ff20d589392809'
