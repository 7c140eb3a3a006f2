/** An API server in proxy mode as a process of its own, to be killed. What it works with comes on its standard input, so that the key is in no list of processes. */
import { text } from 'node:stream/consumers'

import { Wallet } from 'ethers'

import { startApi } from '../../sdk/src/api/server/startApi.js'
import { rpcProvider, type Deployment } from '../../sdk/src/chain/index.js'
import { createClient } from '../../sdk/src/client/index.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'

/** What a server is told. */
export interface ApiProcessOptions {
  readonly deployment: Deployment
  readonly rpc: string
  readonly key: string
  readonly directory: string
  readonly store: string
  readonly databaseUrl?: string
}

const { deployment, rpc, key, directory, store, databaseUrl } = JSON.parse(await text(process.stdin)) as ApiProcessOptions // prettier-ignore
const signer = new Wallet(key, rpcProvider(rpc, deployment.chainId))
const client = await createClient({ deployment, signer, store: new DirectoryStore(store), pollMs: 50 })
const log = jsonLogger({ level: 'info', write: (line) => console.error(line), now: () => Date.now() })
const rate = { perSecond: 10_000, burst: 10_000 }
const place = { directory, ...(databaseUrl !== undefined && { databaseUrl }) }
const { url } = await startApi({ ...place, client, log, version: '0.0.0', port: 0, rate, explorer: false })
console.log(url)
