import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'

import type { Signed } from './inputs.js'

/** The vectors of RFC 8032, 7.1, whose message fits: TEST 1, TEST 2 and TEST 3. */
export const RFC_8032: readonly Signed[] = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
].map(([publicKey = '', message = '', signature = '']) => ({
  publicKey: Buffer.from(publicKey, 'hex'),
  message: Buffer.from(message, 'hex'),
  signature: Buffer.from(signature, 'hex'),
}))

/** PKCS #8 of an Ed25519 key, up to its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A message signed by a made-up key for demonstrations and tests: another one for every `name`. */
export function exampleSignature(name: string, message: Uint8Array): Signed {
  const seed = createHash('sha256').update(`ed25519 example: ${name}`).digest()
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  return { publicKey, message, signature: sign(null, message, key) }
}
