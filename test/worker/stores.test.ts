import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import { deploymentOf, readDeploymentRecord, readEvents } from '../../sdk/src/chain/index.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/index.js'
import { IpfsStore, KuboStore, MultiStore, S3Store, type ContentStore } from '../../sdk/src/content/index.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'
import { S3_CREDENTIALS, startS3Server } from '../support/stores/s3Server.js'

const WINDOW = 150

// Requester, prover and validators share no directory with inputs or proofs: an IPFS node and a bucket are between them.
describe('worker: content by IPFS and S3', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let node: IpfsNode
  let s3: Awaited<ReturnType<typeof startS3Server>>
  let place: string

  before(async () => {
    network = await TestNetwork.start({ ...FAST, rules: { ...FAST.rules, verdictWindow: WINDOW } })
    node = await IpfsNode.start()
    s3 = await startS3Server(join(network.directory, 's3'))
    place = `s3://content/inputs?endpoint=${s3.endpoint}`
    const secret = join(network.directory, 's3-secret')
    await writeFile(secret, S3_CREDENTIALS.secretAccessKey, { mode: 0o600 })
    const stores = { ipfsGateways: [node.url], s3AccessKeyId: S3_CREDENTIALS.accessKeyId, s3SecretFile: secret }
    const alice = await network.addOperator('alice')
    const judges = await network.addValidator('judges', 7)
    await network.startWorker(alice, { ...stores, contentUrls: [place], proofUrls: [`kubo+${node.url}`] })
    await network.startValidator(judges, { ...stores, contentUrls: [place] })
    for (const process of network.workers)
      await process.line(({ message }) => /^(worker|validator) started$/.test(message), 180)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
    await s3.stop()
    node.stop()
  })

  async function requester(store: ContentStore): Promise<GevulotClient> {
    const deployment = deploymentOf(await readDeploymentRecord(network.deploymentPath))
    const source = new MultiStore([store, new IpfsStore({ gateways: [node.url] })])
    return createClient({ deployment, signer: network.chain.wallet(0), store, source, pollMs: 200 })
  }
  const request = { fee: parseEther('20'), maxRunTime: 60 }

  it('a requester that publishes on its IPFS node need not tell anybody where', async () => {
    const client = await requester(new KuboStore(node.url))
    const program = await network.deployGuest('hashcash')
    const inputs = { files: { public_inputs: randomBytes(32), witness: randomBytes(3 << 20) } }
    const { workload } = await client.submit({ ...request, program, inputs })
    const { proof } = await client.waitForProof({ workload, signal: AbortSignal.timeout(240_000) })
    expect(proof).to.have.length(8)
    // The prover looked where the chain says, and nowhere else it could have been.
    const uris: string[] = []
    for await (const event of readEvents(client.contracts, { workload }))
      if (event.name === 'Submitted') uris.push(event.args.inputsUri)
    expect(uris.join()).to.match(/^ipfs:\/\/b[a-z2-7]{58}$/)
    expect(node.requests.filter((line) => line.startsWith(`GET /ipfs/${uris[0]?.slice(7) ?? ''}/`))).to.have.length(3)
  })

  it('a bucket that both know is enough, and a proof for a committee goes over IPFS', async () => {
    const client = await requester(new S3Store({ uri: place, credentials: S3_CREDENTIALS }))
    const program = await network.deployJudged(['guest', 'long-proof'], ['guest', 'valid'])
    const inputs = { files: { public_inputs: randomBytes(32) } }
    const { workload } = await client.submit({ ...request, program, inputs })
    await network.until(workload, 'Committed', 240)
    await client.release({ workload })
    await network.until(workload, 'VerdictReached', 240)
    // As long as it can be appealed.
    await network.chain.provider.send('evm_increaseTime', [WINDOW])
    await network.chain.mine()
    const proof = await client.waitForProof({ workload, signal: AbortSignal.timeout(240_000) })
    expect(proof.from).to.equal('store')
    expect(Buffer.alloc(2048, 'A').equals(proof.proof)).to.equal(true)
  })
})
