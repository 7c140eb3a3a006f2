import { once } from 'node:events'
import { join } from 'node:path'

import { expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import type { WorkerStatus } from '../../sdk/src/worker/observe/WorkerStatus.js'
import { runCli, startCli, type CliResult } from '../support/cli.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// Long enough for a person, or a busy machine, to answer; short workloads have a tenth of their run time.
const PARAMETERS = { ...FAST, epochLength: 30, rules: { ...FAST.rules, responseWindow: 300, silenceWindow: 300 } }
/** The least run time that the market takes, which leaves a seat 30 s to answer in. */
const LEAST = { maxRunTime: PARAMETERS.rules.responseWindow }

describe('worker: who decides', function () {
  this.timeout(480_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let worker: WorkerProcess

  before(async () => {
    network = await TestNetwork.start(PARAMETERS)
    program = await network.deployGuest('hashcash')
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
  })

  const data = (): string => join(alice.directory, 'data')
  const prover = (...words: string[]): Promise<CliResult> =>
    runCli(['prover', ...words, '--data', data(), '--json'], { cwd: network.directory })
  const waits = (workload: WorkloadId): Promise<unknown> =>
    worker.line((line) => line.message === 'work waits for approval' && line['workload'] === workload)

  it('approve: what the operator approves is proved and paid, also after the worker died in between', async () => {
    worker = await network.startWorker(alice, { mode: 'approve' })
    await worker.line(({ message }) => message === 'worker started')
    const workload = await network.submit(program, { maxRunTime: 3_000 })
    await waits(workload)
    const { mode, waiting } = (await prover('waiting')).json() as { mode: string; waiting: { workload: string }[] }
    expect(mode).to.equal('approve')
    expect(waiting).to.have.length(1)
    expect(waiting[0]).to.include({ workload, program, maxRunTime: 3_000, redundancy: 1 })
    const status = (await prover('status')).json() as { operator: string; worker: WorkerStatus }
    expect(status.operator).to.equal(alice.wallet.address)
    expect(status.worker).to.include({ mode: 'approve', runtime: 'bubblewrap', chainId: 31_337 })
    expect(status.worker.jobs.map((job) => [job.workload, job.state])).to.deep.equal([[workload, 'assigned']])
    const settings = ['--rpc-url', network.chain.url, '--deployment', network.deploymentPath]
    const shown = await runCli(['prover', 'status', '--data', data(), ...settings], { cwd: network.directory })
    for (const part of ['WAITS FOR APPROVAL', workload, 'BOND', 'Active']) expect(shown.stdout).to.contain(part)
    await worker.kill()
    expect((await prover('status')).stderr).to.contain('WORKER_NOT_RUNNING')
    const down = await runCli(['prover', 'status', '--data', data(), ...settings], { cwd: network.directory })
    expect(down.stdout).to.contain('no worker listens')
    expect((await prover('approve', workload)).code).to.equal(75)
    worker = await network.startWorker(alice, { mode: 'approve' })
    await waits(workload)
    expect(worker.lines.some(({ message }) => message === 'job fetching')).to.be.false
    expect((await prover('approve', workload)).json()).to.deep.equal({ workload, decision: 'approve' })
    // Nothing is decided twice; the same answer again is no mistake.
    expect((await prover('approve', workload)).code).to.equal(0)
    expect((await prover('decline', workload)).stderr).to.contain('WORKER_NOTHING_WAITS')
    expect((await network.until(workload, 'SlotSettled')).args.rank).to.equal(1)
    expect((await prover('waiting')).json()).to.deep.equal({ mode: 'approve', waiting: [] })
  })

  it('status: goes on until it is stopped, one line of JSON each time', async () => {
    const live = startCli(['prover', 'status', '--data', data(), '--live', '--every', '1', '--json'], {
      cwd: network.directory,
    })
    let said = ''
    while (said.split('\n').length < 3) {
      const [chunk] = (await once(live.stdout!, 'data')) as [Buffer]
      said += chunk.toString()
    }
    live.kill('SIGINT')
    await once(live, 'exit')
    const [first, second] = said
      .split('\n')
      .map((line) => (line === '' ? undefined : (JSON.parse(line) as { worker: WorkerStatus })))
    expect(first?.worker.mode).to.equal('approve')
    expect(second!.worker.runs).to.be.greaterThan(first!.worker.runs)
  })

  it('approve: what the operator declines, and what nobody answers, is declined on the chain in time', async () => {
    const [no, silent] = [await network.submit(program, { maxRunTime: 600 }), await network.submit(program, LEAST)]
    await waits(no)
    expect((await prover('decline', no)).code).to.equal(0)
    await network.until(no, 'Declined')
    const declined = await network.until(silent, 'Declined')
    const assigned = await network.until(silent, 'Assigned')
    const [from, to] = await Promise.all(
      [assigned, declined].map(({ at }) => network.chain.provider.getBlock(at.block).then((block) => block!.timestamp)),
    )
    expect(to! - from!).to.be.below(PARAMETERS.rules.silenceWindow)
    const closed = worker.lines.filter(({ message }) => message === 'job declined')
    expect(closed.map(({ workload, why }) => [workload, why])).to.have.deep.members([
      [no, 'the operator declined it'],
      [silent, 'nobody approved it in the response window'],
    ])
    expect(await worker.stop()).to.equal(0)
  })

  it('auto: work of a program whose verifier refuses its proofs is declined; so is that of a requester on the list', async () => {
    await network.chain.mineAtOnce()
    const refused = await network.deployGuest('guest', ['threads'])
    await network.chain.mineEvery(1)
    worker = await network.startWorker(alice, { refusedProofs: 1 })
    await worker.line(({ message }) => message === 'worker started')
    expect((await network.until(await network.submit(refused, LEAST), 'Failed')).args.reason).to.equal('ProgramFailed')
    const second = await network.submit(refused, LEAST)
    await network.until(second, 'Declined')
    const line = worker.lines.find(({ message, workload }) => message === 'job declined' && workload === second)
    expect(line?.['why']).to.equal('its verifier refused the last 1 proofs that the program made here')
    expect(await worker.stop()).to.equal(0)
    worker = await network.startWorker(alice, { denyRequesters: [network.requester.account] })
    await worker.line(({ message }) => message === 'worker started')
    await network.until(await network.submit(program, LEAST), 'Declined')
    expect(await worker.stop()).to.equal(0)
  })

  it('a worker without seats says so once, and one with seats does not', async () => {
    const isSaid = ({ message }: { readonly message: string }): boolean => message.startsWith('there is no seat')
    const nobody = await network.addOperator('nobody', 0)
    const idle = await network.startWorker(nobody)
    expect(await idle.line(isSaid, 120)).to.include({ level: 'warn', operator: nobody.wallet.address })
    const workload = await network.submit(program, { maxRunTime: 600 })
    await network.until(workload, 'Assigned', 120)
    expect(await idle.stop(), idle.tail()).to.equal(0)
    expect(idle.lines.filter(isSaid)).to.have.length(1)
    expect(worker.lines.filter(isSaid)).to.deep.equal([])
  })

  it('watch: nothing is sent, and the log says that a seat was drawn', async () => {
    const before = await network.chain.provider.getTransactionCount(alice.wallet.address)
    worker = await network.startWorker(alice, { mode: 'watch' })
    await worker.line(({ message }) => message === 'worker started')
    const workload = await network.submit(program, LEAST)
    const assigned = async (): Promise<void> => {
      for (let attempt = 0; attempt < 60; attempt++) {
        await network.contracts.market.assign(workload).catch(() => undefined)
        if ((await network.eventsOf(workload)).some(({ name }) => name === 'Assigned')) return
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
    await assigned()
    const line = await worker.line(
      (line) => line.message.startsWith('drawn while only watching') && line['workload'] === workload,
    )
    expect(line).to.include({ level: 'error', workload })
    expect(await worker.stop()).to.equal(0)
    expect(await network.chain.provider.getTransactionCount(alice.wallet.address)).to.equal(before)
  })
})
