import type { ServerResponse } from 'node:http'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import { PATIENT, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'

// The node takes uploads for ever: only the window of the reveal has an end.
describe('worker: a store of proofs that hangs', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let node: IpfsNode
  let alice: Operator

  before(async () => {
    // No committee is drawn, as nobody judges: the workload may not end before the worker is there again.
    network = await TestNetwork.start({ ...PATIENT, rules: { ...PATIENT.rules, revealWindow: 60 } })
    node = await IpfsNode.start()
    alice = await network.addOperator('alice', 2)
    await start()
    for (const process of network.workers) await process.line(({ message }) => message === 'worker started', 180)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
    node.stop()
  })

  async function start(): Promise<void> {
    await network.startWorker(alice, { proofUrls: [`kubo+${node.url}`] })
  }
  async function asked(path: string): Promise<void> {
    for (const end = Date.now() + 240_000; !node.requests.includes(path); await sleep(100))
      if (Date.now() > end)
        throw new Error(`not asked for ${path}:\n${network.workers.map((worker) => worker.tail()).join('\n---\n')}`)
  }

  it('other work goes on meanwhile, the reveal is sent in its window, and after a restart the proof comes when the store is back', async () => {
    const held: ServerResponse[] = []
    node.meddle = (request, response) => {
      const isUpload = request.url?.startsWith('/api/v0/add') === true
      if (isUpload) held.push(response)
      return isUpload
    }
    const judged = await network.deployJudged(['guest', 'long-proof'], ['guest', 'valid'])
    const program = await network.deployGuest('hashcash')
    const request = { fee: parseEther('20'), maxRunTime: 60, inputs: { files: { public_inputs: randomBytes(32) } } }
    const { workload } = await network.requester.submit({ ...request, program: judged })
    await network.until(workload, 'Committed')
    await network.requester.release({ workload })
    await asked('POST /api/v0/add')

    const other = await network.submit(program)
    expect((await network.until(other, 'Finished')).args.outcome).to.equal('Proven')
    const { args } = await network.until(workload, 'RevealedToCommittee')
    expect(args.uri).to.equal('')
    expect(held, 'uploads at a time').to.have.length(1)
    await network.chain.mineEvery(0)
    await network.workers[0]?.kill()
    node.meddle = () => false
    await start()
    for (const response of held) response.destroy()
    await asked('POST /api/v0/files/cp')
  })
})
