/**
 * What Aztec's own packages say about the protocol, for a comparison. Arguments: folder with the packages, file with results to decode. Prints JSON.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages = '', samples = ''] = process.argv.slice(2)
const local = createRequire(join(packages, 'package.json'))
/** @param {string} name @returns {Promise<any>} */
const load = async (name) => import(pathToFileURL(local.resolve(name)).href)

const constants = await load('@aztec/constants')
const { ProvingRequestType } = await load('@aztec/stdlib/proofs')
const { ProvingJobResult } = await load('@aztec/stdlib/interfaces/server')
const { jsonStringify } = await load('@aztec/foundation/json-rpc')
const { ServerCircuitVks } = await load('@aztec/noir-protocol-circuits-types/server/vks')
const { getVKTreeRoot } = await load('@aztec/noir-protocol-circuits-types/vk-tree')
const { protocolContractsHash } = await load('@aztec/protocol-contracts')
const { RollupAbi } = await load('@aztec/l1-artifacts')
const { BufferReader } = await load('@aztec/foundation/serialize')
const rollup = await load('@aztec/stdlib/rollup')
const parity = await load('@aztec/stdlib/parity')

const { TxRollupPublicInputs: Tx, BlockRollupPublicInputs: Block, CheckpointRollupPublicInputs: Checkpoint } = rollup
const { ParityPublicInputs: Parity } = parity
/** By type: what its key is called there, and its public inputs. @type {Record<string, [string, any]>} */
const CIRCUITS = {
  PUBLIC_CHONK_VERIFIER: ['PublicChonkVerifier', rollup.PublicChonkVerifierPublicInputs],
  PRIVATE_TX_BASE_ROLLUP: ['PrivateTxBaseRollupArtifact', Tx],
  PUBLIC_TX_BASE_ROLLUP: ['PublicTxBaseRollupArtifact', Tx],
  TX_MERGE_ROLLUP: ['TxMergeRollupArtifact', Tx],
  BLOCK_ROOT_FIRST_ROLLUP: ['BlockRootFirstRollupArtifact', Block],
  BLOCK_ROOT_SINGLE_TX_FIRST_ROLLUP: ['BlockRootSingleTxFirstRollupArtifact', Block],
  BLOCK_ROOT_EMPTY_TX_FIRST_ROLLUP: ['BlockRootEmptyTxFirstRollupArtifact', Block],
  BLOCK_ROOT_ROLLUP: ['BlockRootRollupArtifact', Block],
  BLOCK_ROOT_SINGLE_TX_ROLLUP: ['BlockRootSingleTxRollupArtifact', Block],
  BLOCK_MERGE_ROLLUP: ['BlockMergeRollupArtifact', Block],
  CHECKPOINT_ROOT_ROLLUP: ['CheckpointRootRollupArtifact', Checkpoint],
  CHECKPOINT_ROOT_SINGLE_BLOCK_ROLLUP: ['CheckpointRootSingleBlockRollupArtifact', Checkpoint],
  CHECKPOINT_PADDING_ROLLUP: ['CheckpointPaddingRollupArtifact', Checkpoint],
  CHECKPOINT_MERGE_ROLLUP: ['CheckpointMergeRollupArtifact', Checkpoint],
  ROOT_ROLLUP: ['RootRollupArtifact', rollup.RootRollupPublicInputs],
  PARITY_BASE: ['ParityBaseArtifact', Parity],
  PARITY_ROOT: ['ParityRootArtifact', Parity],
}

/** How many bytes a class reads. @param {any} type */
function lengthOf(type) {
  const reader = new BufferReader(Buffer.alloc(200_000))
  type.fromBuffer(reader)
  return reader.index
}

/** @param {string} name */
function proofFields(name) {
  if (name === 'PUBLIC_VM') return constants.AVM_V2_PROOF_LENGTH_IN_FIELDS_PADDED
  const nested = ['ROOT_ROLLUP', 'PARITY_BASE', 'PARITY_ROOT'].includes(name)
  return nested ? constants.NESTED_RECURSIVE_PROOF_LENGTH : constants.NESTED_RECURSIVE_ROLLUP_HONK_PROOF_LENGTH
}

/** @type {Record<string, object>} */
const types = {}
for (const [name, type] of Object.entries(ProvingRequestType)) {
  if (typeof type !== 'number') continue
  const [key = '', inputs] = CIRCUITS[name] ?? []
  const vk = ServerCircuitVks[key]
  types[name] = {
    ...{ type, proofFields: proofFields(name) },
    ...(inputs && { publicInputsBytes: lengthOf(inputs) }),
    ...(vk && { key: createHash('sha256').update(vk.toBuffer()).digest('hex'), keyInputs: vk.numPublicInputs }),
  }
}

const decoded = JSON.parse(readFileSync(samples, 'utf8')).map((/** @type {string} */ json) => {
  const value = ProvingJobResult.parse(JSON.parse(json))
  return { type: ProvingRequestType[value.type], same: jsonStringify(value) === json }
})

/** Runs a circuit. @param {string} name @param {object} inputs */
async function execute(name, inputs) {
  const acvm = local('@aztec/noir-acvm_js')
  const abi = local('@aztec/noir-noirc_abi')
  const path = join(packages, `node_modules/@aztec/noir-protocol-circuits-types/artifacts/${name}.json`)
  const circuit = JSON.parse(readFileSync(path, 'utf8'))
  const witness = await acvm.executeCircuit(
    Buffer.from(circuit.bytecode, 'base64'),
    abi.abiEncode(circuit.abi, inputs),
    () => {
      throw new Error('the circuit asks its oracle')
    },
  )
  return abi.abiDecode(circuit.abi, witness).return_value
}

const hex = (/** @type {number | bigint} */ number) => `0x${number.toString(16)}`
const root = getVKTreeRoot()
const messages = Array.from({ length: 256 }, (_, index) => hex(index === 0 ? 1 : 0))
const base = await execute('parity_base', { inputs: { msgs: messages, vk_tree_root: root.toString() } })
const parityBase = [base.sha_root, base.converted_root, base.vk_tree_root]
  .map((field) => field.slice(2).padStart(64, '0'))
  .join('')
const padding = await execute('rollup_checkpoint_padding', { inputs: {} })
const paddingIsZero = (JSON.stringify(padding).match(/0x[0-9a-f]+/g) ?? []).every((field) => /^0x0+$/.test(field))

console.log(
  JSON.stringify({
    ...{ types, decoded, parityBase, paddingIsZero, rollupAbi: RollupAbi },
    ...{ l2CircuitsVkTreeRoot: root.toString(), l2ProtocolContractsHash: protocolContractsHash.toString() },
  }),
)
