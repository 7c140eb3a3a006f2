import type { Clock } from '../../clock.js'
import type { S3Credentials } from '../../content/s3/S3Bucket.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { directoryFiles } from './directoryFiles.js'
import { filedExchange } from './filedExchange.js'
import { inlineExchange, INLINE_PREFIX } from './inlineExchange.js'
import type { ProofExchange } from './ProofExchange.js'
import { s3Files } from './s3Files.js'

/** What {@link openExchange} needs. */
export interface ExchangeOptions {
  /** As PROVER_PROOF_STORE of the prover node; empty: everything is inline. `s3://bucket/path?endpoint=…` names another server. */
  readonly store: string
  readonly clock: Clock
  readonly region?: string
  /** Needed for an S3 store. */
  readonly credentials?: S3Credentials
}

/**
 * Opens the exchange that the configuration names. Inline inputs are read in any case.
 * @throws GevulotError AZTEC_CONFIG_INVALID
 */
export function openExchange({ store, clock, region, credentials }: ExchangeOptions): ProofExchange {
  if (store === '') return inlineExchange
  const filed = filedExchange(filesOf())
  return {
    load: (id, job, uri, signal) => (uri.startsWith(INLINE_PREFIX) ? inlineExchange : filed).load(id, job, uri, signal),
    save: (id, job, json, signal) => filed.save(id, job, json, signal),
  }

  function filesOf() {
    if (store.startsWith('file://')) return directoryFiles(store.slice('file://'.length))
    if (!store.startsWith('s3://')) throw aztecError('AZTEC_CONFIG_INVALID', 'the store is neither file:// nor s3://')
    if (credentials === undefined) throw aztecError('AZTEC_CONFIG_INVALID', 'an S3 store needs credentials')
    return s3Files({
      ...{ uri: store, credentials, clock },
      ...(region !== undefined && region !== '' && { region }),
    })
  }
}
