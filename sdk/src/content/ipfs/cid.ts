/** CIDv0, or CIDv1 in base32 or base36: what stands in `ipfs://` and behind a gateway's `/ipfs/`. */
const CID = /^(Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{20,128}|k[a-z0-9]{20,128})$/
const URI = /^ipfs:\/\/([^/?#]+)\/?$/

/** The CID of `ipfs://<CID>`, without anything behind it; undefined for any other text. */
export function cidOfUri(uri: string): string | undefined {
  const cid = URI.exec(uri)?.[1]
  return cid !== undefined && CID.test(cid) ? cid : undefined
}
