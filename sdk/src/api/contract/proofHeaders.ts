/** Header of an answer with a proof: its sha-256 as 0x and 64 hexadecimal digits. */
export const PROOF_DIGEST = 'Gevulot-Digest'

/** Header of an answer with a proof: the seat that made it. */
export const PROOF_SEAT = 'Gevulot-Seat'
