/** The example `proveTree` as a process of its own, to be killed. What it works with comes on its standard input, so that the key is in no list of processes. */
import { text } from 'node:stream/consumers'

import { Wallet } from 'ethers'

import { proveTree } from '../../sdk/examples/proveTree.js'
import { rpcProvider, type Deployment, type Hex } from '../../sdk/src/chain/index.js'
import { createClient } from '../../sdk/src/client/index.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { PUBLIC_INPUTS } from './network.js'

const given = JSON.parse(await text(process.stdin)) as {
  readonly deployment: Deployment
  readonly rpc: string
  readonly key: string
  readonly program: Hex
  readonly state: string
  readonly store: string
}
const STATEMENTS = { left: PUBLIC_INPUTS, right: PUBLIC_INPUTS, root: PUBLIC_INPUTS }
const signer = new Wallet(given.key, rpcProvider(given.rpc, given.deployment.chainId))
const client = await createClient({ deployment: given.deployment, signer, store: new DirectoryStore(given.store), pollMs: 50 }) // prettier-ignore
await proveTree(client, given.program, STATEMENTS, given.state)
