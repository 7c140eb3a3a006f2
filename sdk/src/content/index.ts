export { isPublicAddress, type AddressPolicy } from './addressPolicy.js'
export { buildInputs, type BuiltInputs, type InputsSpec } from './buildInputs.js'
export { buildPackage, type BuiltPackage, type PackageSpec, type SourceFile } from './buildPackage.js'
export { buildProgram, type BuildProgramOptions } from './buildProgram.js'
export { canonicalJson } from './canonicalJson.js'
export type {
  ContentInput,
  ContentSource,
  ContentStore,
  PutOptions,
  PutProgress,
  ReadOptions,
  ReadProgress,
  StoredContent,
} from './ContentStore.js'
export { cidOf, digestFromHex, digestOf, hexOf, isDigest, parseDigest, type Digest } from './digest.js'
export { directoryProgram, type DirectoryProgramOptions } from './directoryProgram.js'
export { DirectoryStore, type DirectoryStoreOptions } from './DirectoryStore.js'
export { elfProgram, type ElfProgramOptions, type ProgramFiles } from './elfProgram.js'
export { fetchInputs, type FetchInputsOptions, type LocalFile, type LocalInputs } from './fetchInputs.js'
export { fetchPackage, fetchPackageManifest, type FetchPackageOptions, type LocalPackage } from './fetchPackage.js'
export { HttpStore, type HttpStoreOptions } from './HttpStore.js'
export { IpfsStore, type IpfsStoreOptions } from './ipfs/IpfsStore.js'
export { KuboStore, type KuboStoreOptions } from './ipfs/KuboStore.js'
export { parseInputsManifest, PUBLIC_INPUTS, type InputFile, type InputsManifest } from './InputsManifest.js'
export { MemoryStore } from './MemoryStore.js'
export { MultiStore } from './MultiStore.js'
export { nodeProgram, type NodeProgramOptions } from './nodeProgram.js'
export {
  isStore,
  openPlace,
  openStrangersPlace,
  openWritablePlace,
  placeOptionsOf,
  type PlaceOptions,
} from './openPlace.js'
export { packDirectory } from './packDirectory.js'
export {
  parsePackageManifest,
  type CommandSpec,
  type CommandVerdict,
  type PackageFile,
  type PackageManifest,
  type ProgramResources,
  type ProgramRole,
  type ShimSpec,
} from './PackageManifest.js'
export type { TransferOptions } from './remote/RemoteSource.js'
export type { S3BucketOptions, S3Credentials } from './s3/S3Bucket.js'
export { S3Store, type S3StoreOptions } from './s3/S3Store.js'
