/**
 * Aztec's own node with sequencer, archiver and prover node, its prover broker on HTTP, and its contracts on an L1 that is there. Circuits are simulated
 * and the rollup's verifier takes every proof. Argument: JSON, see {@link Options}. Run by a Node.js that loads Aztec's native modules.
 * Tells what has happened on descriptor 3, a JSON object a line; takes lines on standard input: `start` once L1 keeps time, then
 * `propose` and `pause`; and ends when that ends.
 */
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

/**
 * @typedef {object} Options
 * @property {string} packages Folder with Aztec's packages.
 * @property {string} rpcUrl The L1, of chain id 31337.
 * @property {string} directory For the node's databases.
 * @property {string} proverId Who earns; part of every proof.
 * @property {number} slotSeconds Seconds of an Aztec slot.
 * @property {number} epochSlots Slots of an epoch.
 * @property {number} proofEpochs Epochs after its own in which an epoch can be proven.
 * @property {string} deployer Private keys: of the contracts' deployer,
 * @property {string} sequencer of the sequencer,
 * @property {string} publisher and of whoever posts epoch proofs.
 */

const FOUNDRY_CHAIN_ID = 31_337
const EVERY_MS = 300
const BODY_LIMIT = '16mb'

/** @type {Options} */
const options = JSON.parse(process.argv[2] ?? '{}')
const { packages } = options
const local = createRequire(join(packages, 'package.json'))
/** @param {string} name @returns {Promise<any>} */
const load = (name) => import(pathToFileURL(local.resolve(name)).href)
/** By file: the package hides it. @param {string} path @returns {Promise<any>} */
const loadFile = (path) => import(pathToFileURL(join(packages, 'node_modules/@aztec', path)).href)

/** @param {string} event @param {object} facts */
const tell = (event, facts = {}) => writeSync(3, `${JSON.stringify({ event, ...facts })}\n`)

const { deployContractsToL1, createAztecNode } = await loadFile('aztec/dest/local-network/local-network.js')
const { getConfigEnvVars } = await load('@aztec/aztec-node/config')
const { createBlobClient } = await load('@aztec/blob-client/client')
const { SecretValue } = await load('@aztec/foundation/config')
const { EthAddress } = await load('@aztec/foundation/eth-address')
const { createNamespacedSafeJsonRpcServer, startHttpRpcServer } = await load('@aztec/foundation/json-rpc/server')
const { getVKTreeRoot } = await load('@aztec/noir-protocol-circuits-types/vk-tree')
const { protocolContractsHash } = await load('@aztec/protocol-contracts')
const { createAndStartProvingBroker } = await load('@aztec/prover-client/broker')
const { ProvingJobBrokerSchema } = await loadFile('prover-client/dest/proving_broker/rpc.js')
const { getVersioningMiddleware } = await load('@aztec/stdlib/versioning')
const { getGenesisValues } = await load('@aztec/world-state/testing')
const { privateKeyToAddress } = await load('viem/accounts')

/** @param {string} key */
const secret = (key) => new SecretValue(key)
const coinbase = EthAddress.fromString(privateKeyToAddress(options.sequencer))
const config = {
  ...getConfigEnvVars(),
  l1RpcUrls: [options.rpcUrl],
  l1ChainId: FOUNDRY_CHAIN_ID,
  ethereumSlotDuration: 1,
  aztecSlotDuration: options.slotSeconds,
  aztecEpochDuration: options.epochSlots,
  aztecProofSubmissionEpochs: options.proofEpochs,
  dataDirectory: options.directory,
  sequencerPublisherPrivateKeys: [secret(options.sequencer)],
  validatorPrivateKeys: new SecretValue([options.sequencer]),
  coinbase,
  // Nobody waits for attestations of a committee of none, and nothing is proposed until it is asked for.
  ...{
    enforceTimeTable: false,
    minTxsPerBlock: 1,
    buildCheckpointIfEmpty: false,
    sequencerPollingIntervalMS: EVERY_MS,
  },
  ...{ archiverPollingIntervalMS: EVERY_MS, viemPollingIntervalMS: EVERY_MS, worldStateBlockCheckIntervalMS: EVERY_MS },
  ...{ p2pEnabled: false, testAccounts: false, realProofs: false },
  enableProverNode: true,
  proverAgentCount: 0,
  proverId: EthAddress.fromString(options.proverId),
  proverPublisherPrivateKeys: [secret(options.publisher)],
  ...{ proverNodePollingIntervalMs: EVERY_MS, proverBrokerPollIntervalMs: EVERY_MS },
}

const genesis = await getGenesisValues([])
await deployContractsToL1(config, options.deployer, {
  genesisArchiveRoot: genesis.genesisArchiveRoot,
  feeJuicePortalInitialBalance: genesis.fundingNeeded,
})
const { rollupAddress, feeJuiceAddress } = config.l1Contracts
tell('deployed', { rollup: rollupAddress.toString(), feeAsset: feeJuiceAddress.toString() })
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
if ((await lines.next()).value !== 'start') process.exit(1)

const broker = await createAndStartProvingBroker(config)
const versions = {
  l1ChainId: FOUNDRY_CHAIN_ID,
  l1RollupAddress: rollupAddress,
  rollupVersion: config.rollupVersion,
  l2ProtocolContractsHash: protocolContractsHash.toString(),
  l2CircuitsVkTreeRoot: getVKTreeRoot().toString(),
}
const rpc = createNamespacedSafeJsonRpcServer(
  { proverBroker: [broker, ProvingJobBrokerSchema] },
  { maxBodySizeBytes: BODY_LIMIT, middlewares: [getVersioningMiddleware(versions)] },
)
const { port } = await startHttpRpcServer(rpc, { port: 0, host: '127.0.0.1' })

const node = await createAztecNode(
  config,
  { blobClient: createBlobClient(), proverBroker: broker },
  { prefilledPublicData: genesis.prefilledPublicData },
)
tell('ready', { brokerUrl: `http://127.0.0.1:${port}` })

for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
  const wanted = next.value === 'propose'
  await node.setConfig({ minTxsPerBlock: wanted ? 0 : 1, buildCheckpointIfEmpty: wanted })
  tell(wanted ? 'proposing' : 'paused')
}
await node.stop()
await broker.stop?.()
process.exit(0)
