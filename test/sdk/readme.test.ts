import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chdir, cwd } from 'node:process'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { writeDeploymentRecord } from '../../sdk/src/deploy/deploy.js'
import { requestProof } from '../../sdk/examples/requestProof.js'
import { followEvents } from '../../sdk/src/chain/followEvents.js'
import * as sdk from '../../sdk/src/index.js'
import { aProgram, PROOF, prover, PUBLIC_INPUTS, startNetwork, type Network } from '../support/network.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('sdk: README', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let network: Network

  before(async () => {
    network = await startNetwork()
  })
  after(() => network.chain.stop())

  it('shows the example as it is', () => {
    const example = readFileSync(join(root, 'sdk/examples/requestProof.ts'), 'utf8')
    for (const page of ['README.md', 'sdk/README.md']) {
      expect(readFileSync(join(root, page), 'utf8'), page).to.include(
        example.replaceAll('../src/index.js', '@gevulot/sdk'),
      )
    }
  })

  it('has an example that gets a proof', async () => {
    const client = await network.client()
    const program = await aProgram(network, client)
    const path = writeDeploymentRecord(network.record, directory())
    const home = cwd()
    // The example keeps its content beside itself.
    chdir(directory())
    try {
      const asked = requestProof(path, network.chain.url, network.requester.privateKey, program, PUBLIC_INPUTS)
      const [{ proof }] = await Promise.all([asked, prove(client)])
      expect(Buffer.from(proof).equals(PROOF)).to.equal(true)
    } finally {
      chdir(home)
    }
  })

  /** Plays the network: draws the first workload that comes, commits and reveals for every seat. */
  async function prove(client: sdk.GevulotClient): Promise<void> {
    const { chain } = network
    const { spec, workload } = await nextSubmission(client)
    await chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    for (const { seat } of slots) await prover.commit(network, workload, seat)
    await chain.pass(3)
    await prover.reveal(network, spec, slots[0]!.seat)
  }

  async function nextSubmission(client: sdk.GevulotClient) {
    for await (const batch of followEvents(client.contracts, { names: ['Submitted'], pollMs: 50 })) {
      const event = batch.kind === 'events' ? batch.events[0] : undefined
      if (event?.name === 'Submitted') return client.getWorkload({ workload: event.args.workload })
    }
    throw new Error('the chain ended')
  }

  it('every action of its table is a function and a method', async () => {
    const [, table = ''] = readFileSync(join(root, 'sdk/README.md'), 'utf8').split('| Action | What it does |')
    const rows = (table.split('\n\n')[0] ?? '').split('\n').map((row) => row.split('|')[1] ?? '')
    const names = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name as keyof typeof sdk))
    expect(names).to.include.members(['deposit', 'publishInputs', 'claimRewards'])
    const client: object = await network.client()
    for (const name of names) {
      expect(sdk[name], name).to.be.a('function')
      expect(client, name).to.have.property(name).that.is.a('function')
    }
  })

  it('names the targets that the bench holds the SDK to', () => {
    const report = JSON.parse(readFileSync(join(root, 'bench/report.json'), 'utf8')) as Measured[]
    const measured = report.filter(({ name }) => name.startsWith('SDK: '))
    const [, section = ''] = readFileSync(join(root, 'sdk/README.md'), 'utf8').split(/^## What it adds$/m)
    expect(measured).to.have.length(4)
    for (const { target, unit } of measured) expect(section.split('\n## ')[0]).to.include(`${target} ${unit}`)
  })

  it('exports what it says, and nothing by accident', () => {
    expect(Object.keys(sdk).sort()).to.deep.equal(EXPORTS)
  })
})

/** A line of bench/report.json. */
interface Measured {
  readonly name: string
  readonly unit: string
  readonly target: number
}

const EXPORTS = [
  'DEFAULT_SETTINGS', 'DirectoryInbox', 'DirectoryStore', 'GevulotError', 'HttpStore', 'MultiStore', 'Pipeline', 'appeal', 'assign',
  'buildInputs', 'buildPackage', 'cancel', 'claimRewards', 'clear', 'connect', 'createClient', 'decodeProof',
  'deliveryKeyOf', 'deployProgram', 'deploymentOf', 'deposit', 'deriveDeliveryKey', 'deriveStatus', 'fetchProof', 'fileState', 'findUnrecorded',
  'generateDeliveryKey', 'getBalance', 'getBounty', 'getDuties', 'getJudging', 'getPinnedProgram', 'getProgram', 'getRewards', 'getSeats', 'getWorkload',
  'joinSeats', 'leaveSeats', 'nameSubmitter', 'openDeliveries', 'operatorHistory', 'parseDeploymentRecord', 'pipeline', 'programHistory', 'proveWithin', 'publishInputs', 'quote', 'readDeploymentRecord', 'readWorkload',
  'recordRewards', 'release', 'releaseWhenServed', 'revokeSubmitter', 'rpcProvider', 'settle', 'settleMany', 'signDelivery',
  'signerOfDelivery', 'slash', 'stakeSeats', 'submit', 'submitMany', 'submitterUntil', 'systemClock', 'toAddress', 'toBytes32', 'toProgramId',
  'toWorkloadId', 'topUpSeats', 'verifyProof', 'verifyProofWithProgram', 'waitForProof', 'waitForProofs', 'watchWorkload', 'watchWorkloads', 'withdraw',
  'withdrawAppeals', 'withdrawBounty', 'withdrawSeats', 'workloadHistory',
] // prettier-ignore
