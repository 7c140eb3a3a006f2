/** Versions of what the project depends on. */
export interface ProjectVersions {
  readonly sdk: string
  readonly ethers: string
  readonly anvil: string
}

/** The first Node that runs TypeScript as it is. */
export const PROJECT_NODE = '22.18.0'

const DEVNET = '.gevulot/devnet'

/** Every file of a requester's project, by name. */
export function projectFiles(name: string, versions: ProjectVersions): Readonly<Record<string, string>> {
  return {
    'package.json': json({
      name,
      private: true,
      type: 'module',
      engines: { node: `>=${PROJECT_NODE}` },
      scripts: { devnet: 'gevulot devnet', prove: 'node prove.ts' },
      dependencies: { '@gevulot/sdk': versions.sdk, ethers: versions.ethers },
      devDependencies: { '@foundry-rs/anvil': versions.anvil },
      // npm asks before it runs what a package installs itself with: this one fetches the chain's program.
      allowScripts: { '@foundry-rs/anvil': true },
    }),
    'gevulot.json': json({
      rpcUrl: 'http://127.0.0.1:8545',
      deployment: `${DEVNET}/deployment.json`,
      keyFile: `${DEVNET}/requester.key`,
      store: `${DEVNET}/content`,
    }),
    'prove.ts': PROVE,
    '.gitignore': 'node_modules/\n.gevulot/\n',
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

const PROVE = `import { readFile } from 'node:fs/promises'
import { Wallet } from 'ethers'
import { createClient, deploymentOf, DirectoryStore, readDeploymentRecord, rpcProvider } from '@gevulot/sdk'

// The local network's program: it proves work over any bytes. For another network change gevulot.json and name your own program here.
const { program } = JSON.parse(await readFile('${DEVNET}/devnet.json', 'utf8'))
const { rpcUrl, deployment: record, keyFile, store } = JSON.parse(await readFile('gevulot.json', 'utf8'))

const deployment = deploymentOf(await readDeploymentRecord(record))
const signer = new Wallet((await readFile(keyFile, 'utf8')).trim(), rpcProvider(rpcUrl, deployment.chainId))
const client = await createClient({ deployment, signer, store: new DirectoryStore(store), pollMs: 500 })

console.log('depositing the fee, and submitting')
const { minimumFee: fee } = await client.quote({ program, maxRunTime: 60 })
await client.deposit({ amount: fee })
const { workload } = await client.submit({ program, fee, maxRunTime: 60, inputs: { files: { public_inputs: Buffer.from('my first proof') } } })
console.log('submitted', workload, 'and waiting for its proof')
const { proof } = await client.waitForProof({ workload, signal: AbortSignal.timeout(300_000) })
console.log('proof', Buffer.from(proof).toString('hex'))
`
