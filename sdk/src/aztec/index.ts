export { AztecAdapter, type AztecAdapterOptions } from './adapter/AztecAdapter.js'
export type { Lane } from './adapter/Lane.js'
export { planBundles, type WaitingJob } from './adapter/planBundles.js'
export { BOND_STATES, BondAccount, type BondBalance, type BondStatus, type BondTerms } from './bonds/BondAccount.js'
export { deployBonds, type BondsParameters } from './bonds/deployBonds.js'
export { readSignedBond, writeSignedBond, type SignedBond } from './bonds/SignedBond.js'
export { BrokerClient, type BrokerClientOptions } from './broker/BrokerClient.js'
export type { Assignment, JobFilter, JobStatus, WireJob } from './broker/wire.js'
export { AZTEC_FIELDS, aztecHelp, loadAztecConfig, type AztecConfig } from './config/AztecConfig.js'
export { directoryFiles } from './exchange/directoryFiles.js'
export { filedExchange, type FileStore } from './exchange/filedExchange.js'
export { inlineExchange } from './exchange/inlineExchange.js'
export { openExchange, type ExchangeOptions } from './exchange/openExchange.js'
export type { ProofExchange } from './exchange/ProofExchange.js'
export { s3Files, type S3FilesOptions } from './exchange/s3Files.js'
export type { S3Credentials } from '../content/s3/S3Bucket.js'
export type { Trust } from './network/NetworkProver.js'
export type { Candidate, Order, Requester, SightedSlot, Sighting, Submission, Terms } from './network/Requester.js'
export type { Budget } from './network/Spending.js'
export { WalletRequester, type WalletRequesterOptions } from './network/WalletRequester.js'
export { AztecMetrics } from './observe/AztecMetrics.js'
export { AZTEC_METRICS, type AztecMetricName } from './observe/metricTable.js'
export type { EpochRootProof } from './posting/EpochRootProof.js'
export {
  submitEpochRootProof,
  type PostedEpoch,
  type SubmitEpochRootProofOptions,
} from './posting/submitEpochRootProof.js'
export {
  bundleProof,
  bundleStatement,
  inputName,
  readBundleProof,
  readStatement,
  type BundledJob,
} from './protocol/bundle.js'
export { parseJobId, type JobId } from './protocol/JobId.js'
export { JOB_TYPES, type JobTypeFacts, type JobTypeName } from './protocol/jobTypes.js'
export { RELEASE, type VersionHeaders } from './protocol/release.js'
export { readResult, resultJson, type JobResult } from './protocol/result.js'
export { patientFetch } from './proxy/patientFetch.js'
export { ProxyRequester, type ProxyRequesterOptions } from './proxy/ProxyRequester.js'
export { serveAztec } from './serveAztec.js'
