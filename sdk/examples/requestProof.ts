import { Wallet } from 'ethers'
import { createClient, deploymentOf, DirectoryStore, readDeploymentRecord, rpcProvider } from '../src/index.js'
import type { Hex } from '../src/index.js'

/** Asks the network for a proof and returns it. */
export async function requestProof(record: string, rpc: string, key: string, program: Hex, words: Uint8Array) {
  const deployment = deploymentOf(await readDeploymentRecord(record))
  const signer = new Wallet(key, rpcProvider(rpc, deployment.chainId))
  const client = await createClient({ deployment, signer, store: new DirectoryStore('./content') })

  const { minimumFee: fee } = await client.quote({ program, maxRunTime: 600, redundancy: 3 })
  await client.deposit({ amount: fee })
  const inputs = { files: { public_inputs: words } }
  const { workload } = await client.submit({ program, inputs, fee, maxRunTime: 600, redundancy: 3 })
  return client.waitForProof({ workload, signal: AbortSignal.timeout(3_600_000) })
}
