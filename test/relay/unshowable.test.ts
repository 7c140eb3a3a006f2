import { join } from 'node:path'

import { expect } from 'chai'
import { hexlify, parseEther, randomBytes, Wallet } from 'ethers'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { startRelay, type RunningRelay } from '../../sdk/src/relay/index.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { freePort } from '../support/freePort.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// Code that answers 1 to everything, whatever it is asked.
const YES = '0x600a600c600039600a6000f3600160005260206000f3'
const MAX_GAS = 2_700_000n
const WHY =
  /^to show a proof to its verifier takes up to \d+ gas in a call of up to \d+ bytes: no relay carries that out, and the account has not the gas money for it$/

// Requesters choose programs. A proof that a worker has committed to and that no relay shows costs its seat.
describe('relay: proofs that no relay carries', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let alice: Operator
  let relay: RunningRelay
  let worker: WorkerProcess
  let yes: string

  before(async () => {
    network = await TestNetwork.start(ROOMY)
    alice = await network.addOperator('alice', 2)
    await setBalance(alice.wallet.address, 0n)
    const deployed = await network.chain.wallet(0).sendTransaction({ data: YES })
    yes = (await deployed.wait())!.contractAddress!
    relay = await relayOf(MAX_GAS, 0)
    worker = await network.startWorker(alice, { relays: [relay.url], bumpSeconds: 2 })
    await worker.line(({ message }) => message === 'worker started')
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await worker.stop()
    await relay.stop()
    await network.stop()
  })

  async function relayOf(maxGas: bigint, port: number): Promise<RunningRelay> {
    const payer = new Wallet(hexlify(randomBytes(32)))
    await setBalance(payer.address, parseEther('10'))
    return startRelay({
      ...{ contracts: network.contracts, key: new Secret(payer.privateKey), clock: systemClock, port, pollMs: 200 },
      limits: { accounts: [alice.wallet.address], maxGas, gasPerDay: 10n ** 10n, actsPerMinute: 600 },
      ...{
        directory: join(network.directory, payer.address),
        log: jsonLogger({ level: 'error', write: () => undefined, now: Date.now }),
      },
    })
  }

  async function setBalance(account: string, wei: bigint): Promise<void> {
    await network.chain.provider.send('anvil_setBalance', [account, `0x${wei.toString(16)}`])
  }

  /** A workload whose verifier may use so much gas, with a proof of so many bytes. */
  async function submit(verifierGas: number, bytes: number, redundancy: number): Promise<WorkloadId> {
    const program = await network.deployGuest(
      'guest',
      ['long-proof', String(bytes)],
      {},
      { verifier: yes, verifierGas },
    )
    return network.submit(program, { maxRunTime: 600, redundancy })
  }

  async function whyEnded(workload: WorkloadId, state: 'declined' | 'failed'): Promise<unknown> {
    const line = await worker.line((said) => said.message === `job ${state}` && said['workload'] === workload)
    return line['why']
  }

  it('carries what fits to the end', async () => {
    const workload = await submit(1_000_000, 40_000, 2)
    expect((await network.until(workload, 'Finished')).args.outcome).to.equal('Proven')
    expect(await network.chain.provider.getBalance(alice.wallet.address)).to.equal(0n)
  })

  it('work is declined whose verifier alone may use too much gas', async () => {
    const workload = await submit(3_000_000, 2_048, 1)
    await network.until(workload, 'Declined')
    expect(await whyEnded(workload, 'declined')).to.match(WHY)
  })

  it('a proof that is too long is not committed to', async () => {
    const workload = await submit(2_100_000, 40_000, 2)
    expect(await whyEnded(workload, 'declined')).to.match(WHY)
    await network.until(workload, 'Declined')
    expect(worker.lines.some((line) => line.message === 'program ended' && line['workload'] === workload)).to.be.true
    expect((await network.eventsOf(workload)).map(({ name }) => name)).not.to.include('Committed')
  })

  it('with gas money the account shows it itself', async () => {
    await setBalance(alice.wallet.address, parseEther('1'))
    const workload = await submit(4_000_000, 40_000, 2)
    expect((await network.until(workload, 'Finished')).args.outcome).to.equal('Proven')
    await worker.line(({ message, stage }) => message === 'transaction mined' && stage === 'reveal')
  })

  it('a relay that was away when the worker was started is waited for', async () => {
    await setBalance(alice.wallet.address, 0n)
    await worker.stop()
    let away = await relayOf(9_000_000n, await freePort())
    await away.stop()
    worker = await network.startWorker(alice, { relays: [relay.url, away.url], bumpSeconds: 2 })
    await worker.line(({ message }) => message === 'worker started')
    // More than a relay gives that was given no limits.
    const workload = await submit(6_500_000, 2_048, 2)
    await worker.line((line) => line.message === 'job assigned' && line['workload'] === workload)
    away = await relayOf(9_000_000n, Number(new URL(away.url).port))
    try {
      expect((await network.until(workload, 'Finished')).args.outcome, worker.tail()).to.equal('Proven')
      expect((await network.eventsOf(workload)).map(({ name }) => name)).not.to.include('Declined')
    } finally {
      await away.stop()
    }
  })
})
