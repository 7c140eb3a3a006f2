/**
 * drand's network "quicknet" on the League of Entropy: public constants, the same on every chain.
 * Mirrors contracts/beacons/DrandBeacon.sol and contracts/libraries/DrandSignature.sol.
 */
export const QUICKNET = {
  chainHash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  /** Compressed point of G2. */
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  /** Domain of the hash to curve, RFC 9380. */
  domain: 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_',
  /** Unix time of round 1. */
  genesis: 1_692_803_367,
  /** Seconds between two rounds. */
  period: 3,
} as const

/** Public HTTP endpoints that serve quicknet; any of them will do, none is trusted. */
export const QUICKNET_ENDPOINTS: readonly string[] = [
  'https://api.drand.sh',
  'https://api2.drand.sh',
  'https://api3.drand.sh',
  'https://drand.cloudflare.com',
]

/** When a round is due, in Unix seconds. Mirrors `DrandBeacon.timeOf`. */
export function timeOfRound(round: number): number {
  return QUICKNET.genesis + (round - 1) * QUICKNET.period
}

/** The newest round that is due at `time` (Unix seconds); 0 before the first. */
export function roundAt(time: number): number {
  return Math.max(0, Math.floor((time - QUICKNET.genesis) / QUICKNET.period) + 1)
}
