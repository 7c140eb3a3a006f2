export * from './client/index.js'
export {
  connect,
  deploymentOf,
  parseDeploymentRecord,
  readDeploymentRecord,
  rpcProvider,
  toAddress,
  toBytes32,
  toProgramId,
  toWorkloadId,
  type Address,
  type Bytes32,
  type Contracts,
  type Deployment,
  type DeploymentRecord,
  type Hex,
  type ProgramId,
  type RpcProviderOptions,
  type WorkloadId,
} from './chain/index.js'
export { systemClock, type Clock } from './clock.js'
export { DirectoryStore, HttpStore, MultiStore, buildInputs, buildPackage } from './content/index.js'
export { deliveryKeyOf, deriveDeliveryKey, generateDeliveryKey, type DeliveryKey } from './crypto/index.js'
export { GevulotError } from './errors/GevulotError.js'
