/**
 * Aztec's own prover broker behind its own JSON-RPC server, on loopback. Loaded by file, because the package hides the parts that need no native
 * module. Arguments: folder with the packages, port (0: any free one), time-out of a job in ms. Prints the port, and ends when its input ends.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages = '', port = '0', timeout = '30000'] = process.argv.slice(2)
/** @param {string} path @returns {Promise<any>} */
const load = (path) => import(pathToFileURL(join(packages, 'node_modules/@aztec', path)).href)

const { ProvingBroker } = await load('prover-client/dest/proving_broker/proving_broker.js')
const { InMemoryBrokerDatabase } = await load('prover-client/dest/proving_broker/proving_broker_database/memory.js')
const { ProvingJobBrokerSchema } = await load('prover-client/dest/proving_broker/rpc.js')
const { createNamespacedSafeJsonRpcServer, startHttpRpcServer } = await load('foundation/dest/json-rpc/server/index.js')

const broker = new ProvingBroker(new InMemoryBrokerDatabase(), {
  proverBrokerJobTimeoutMs: Number(timeout),
  proverBrokerPollIntervalMs: 100,
  proverBrokerJobMaxRetries: 3,
  proverBrokerMaxEpochsToKeepResultsFor: 1,
})
await broker.start()
const server = createNamespacedSafeJsonRpcServer(
  { proverBroker: [broker, ProvingJobBrokerSchema] },
  { maxBodySizeBytes: '16mb' },
)
const http = await startHttpRpcServer(server, { port: Number(port), host: '127.0.0.1' })
console.log(JSON.stringify({ port: http.port }))
process.stdin.resume().on('end', () => process.exit(0))
