import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { keccak256, parseEther, randomBytes } from 'ethers'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { buildInputs, cidOf, DirectoryStore, type Digest } from '../../sdk/src/content/index.js'
import { expectEnded, expectProved } from '../support/network/expectSound.js'
import { FaultyContent, type ContentFault } from '../support/network/FaultyContent.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { PATIENT, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// A content server is believed nothing: neither bytes, nor sizes, nor where it sends us.
describe('faults: content servers', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let bad: FaultyContent
  let good: FaultyContent
  let victim: FaultyContent
  let worker: WorkerProcess | undefined

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(PATIENT)
    program = await network.deployGuest('hashcash')
    alice = await network.addOperator('alice')
    await network.chain.mineEvery(1)
    const content = join(network.directory, 'content')
    bad = await FaultyContent.start(content, 'none')
    good = await FaultyContent.start(content, 'none')
    victim = await FaultyContent.start(content, 'endless bytes')
    bad.victim = victim.url
  })
  after(async () => {
    for (const server of [bad, good, victim]) await server.stop()
    await network.stop()
  })
  afterEach(async () => {
    expect(await worker?.stop()).to.equal(0)
    // The next one has to ask again.
    await rm(join(alice.directory, 'data', 'cache'), { recursive: true, force: true })
  })

  async function workFrom(fault: ContentFault, urls: readonly string[], maxRunTime = 60): Promise<WorkloadId> {
    bad.fault = fault
    worker = await network.startWorker(alice, { contentDirectories: [], contentUrls: urls, fetchSeconds: 5 })
    await worker.line(({ message }) => message === 'worker started')
    return network.submit(program, { maxRunTime })
  }

  for (const fault of ['wrong bytes', 'endless bytes', 'a redirect'] as const) {
    it(`one with ${fault} before a good one costs nothing`, async () => {
      const workload = await workFrom(fault, [bad.url, good.url])
      await expectProved(network, alice, workload)
      expect(bad.asked).to.not.be.empty
    })
  }

  it('one with slow bytes and no other: the seat answers before its deadline, and is free again', async () => {
    const workload = await workFrom('slow bytes', [bad.url], 20)
    const { args } = await network.until(workload, 'Failed')
    expect(args.reason).to.be.oneOf(['OutOfTime', 'InputsUnavailable'])
    await expectEnded(network, alice, workload)
    await worker!.line(({ message }) => message === 'job closed')
    bad.fault = 'none'
    await expectProved(network, alice, await network.submit(program))
  })

  /** A workload whose inputs are nowhere but where it says. */
  async function submitWith(uriOf: (digest: Digest) => string): Promise<WorkloadId> {
    const elsewhere = new DirectoryStore(join(network.directory, 'elsewhere'))
    const words = randomBytes(32)
    const { digest } = await buildInputs({ files: { public_inputs: words } }, elsewhere)
    const { workload } = await network.requester.submit({
      program,
      inputs: { digest, publicInputs: keccak256(words) as `0x${string}` },
      inputsUri: uriOf(digest),
      fee: parseEther('20'),
      maxRunTime: 60,
    })
    return workload
  }

  it('a private address that a workload names is never asked', async () => {
    const asked = victim.asked.length
    worker = await network.startWorker(alice, { fetchSeconds: 3 })
    const workload = await submitWith(() => victim.url)
    expect((await network.until(workload, 'Failed')).args.reason).to.equal('InputsUnavailable')
    await expectEnded(network, alice, workload)
    expect(victim.asked).to.have.length(asked)
  })

  it('a private address that a gateway leads to, for what a workload names, is never asked', async () => {
    const [asked, ofGateway] = [victim.asked.length, bad.asked.length]
    bad.fault = 'a redirect'
    worker = await network.startWorker(alice, { fetchSeconds: 3, ipfsGateways: [bad.url] })
    const workload = await submitWith((digest) => `ipfs://${cidOf(digest)}`)
    expect((await network.until(workload, 'Failed')).args.reason).to.equal('InputsUnavailable')
    await expectEnded(network, alice, workload)
    expect(bad.asked.slice(ofGateway).some((path) => path.startsWith('/ipfs/'))).to.equal(true)
    expect(victim.asked).to.have.length(asked)
  })
})
