import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { hexlify, parseEther, randomBytes, Wallet } from 'ethers'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { startCli } from '../support/cli.js'
import { freePort } from '../support/freePort.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'
import { LyingRelay } from '../support/relays/LyingRelay.js'

const ALERT = 'no relay carries out an act, and the account has no gas money'

// Worker, relay and chain as people run them: processes. The worker's account has not one wei from the first block it works in.
describe('relay: a worker without gas money', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let program: ProgramId
  let payer: Wallet
  let liar: LyingRelay
  const relays: ChildProcess[] = []

  before(async () => {
    network = await TestNetwork.start({ ...FAST, rules: { ...FAST.rules, responseWindow: 60 } })
    program = await network.deployGuest('hashcash')
    liar = await LyingRelay.start()
    payer = new Wallet(hexlify(randomBytes(32)), network.chain.provider)
    await setBalance(payer.address, parseEther('10'))
    await writeFile(join(network.directory, 'payer.key'), payer.privateKey, { mode: 0o600 })
  })
  after(async () => {
    for (const relay of relays) relay.kill('SIGKILL')
    await liar.stop()
    await network.stop()
  })

  async function setBalance(account: string, wei: bigint): Promise<void> {
    await network.chain.provider.send('anvil_setBalance', [account, `0x${wei.toString(16)}`])
  }

  /** `gevulot relay serve` for an account, once it listens. */
  async function serve(account: string, port: number): Promise<void> {
    const { directory, chain, deploymentPath } = network
    const settings = ['--rpc-url', chain.url, '--deployment', deploymentPath, '--key-file', 'payer.key']
    const limits = ['--account', account, '--port', String(port), '--json']
    const relay = startCli(['relay', 'serve', ...settings, ...limits], { cwd: directory })
    relays.push(relay)
    let said = ''
    relay.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [line] = (await Promise.race([once(relay.stdout!, 'data'), once(relay, 'exit')])) as [Buffer | number]
    expect(String(line), said).to.include(`http://127.0.0.1:${port}`)
  }

  /** Draws for a workload whose keeper cannot, as soon as its round is out. */
  async function drawn(workload: WorkloadId): Promise<void> {
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(500)) {
      if ((await network.eventsOf(workload)).some(({ name }) => name === 'Assigned')) return
      await network.contracts.market.assign(workload).catch(() => undefined)
    }
    throw new Error(`${workload} was not drawn`)
  }

  it('is drawn, proves and is paid, past a relay that lies and one that is down at first', async () => {
    const alice = await network.addOperator('alice')
    const account = alice.wallet.address
    const port = await freePort()
    await setBalance(account, 0n)
    const sent = await network.chain.provider.getTransactionCount(account)
    const relayed = { relays: [liar.url, `http://127.0.0.1:${port}`], bumpSeconds: 2, keeper: false }
    const worker = await network.startWorker(alice, relayed)
    await worker.line(({ message }) => message === 'worker started')
    await network.chain.mineEvery(1)
    const workload = await network.submit(program, { maxRunTime: 600 })
    await drawn(workload)
    await worker.line(({ message }) => message === 'a relay took an act and does not carry it out')
    const down = await worker.line(({ message }) => message === 'a relay does not take an act')
    expect(down).to.include({ relay: `127.0.0.1:${port}`, why: 'ECONNREFUSED' })
    // What it has to do, and how long it still can, is in the log for whoever watches it.
    const alert = await worker.line(({ message }) => message === ALERT)
    expect(alert).to.include({ level: 'error', workload, seat: alice.seats[0] })
    expect(alert['secondsLeft']).to.be.within(500, 600)
    await serve(account, port)

    const { args } = await network.until(workload, 'Finished')
    expect(args.outcome).to.equal('Proven')
    expect((await network.contracts.market.accountOf(account)).balance).to.be.greaterThan(parseEther('18'))
    expect(await network.chain.provider.getBalance(account)).to.equal(0n)
    expect(await network.chain.provider.getTransactionCount(account)).to.equal(sent)
    await worker.line((line) => line.message === 'job closed' && line['workload'] === workload)

    // The liar has signatures of acts that the honest relay carried out: not one of them is of use to it.
    const { relay } = network.contracts
    expect(liar.bodies.length).to.be.greaterThan(0)
    for (const { action } of liar.bodies) expect(await relay.isNonceUsed(action.from, action.nonce)).to.be.true
    for (const { action, signature } of liar.bodies) {
      const error = await relay.execute.staticCall(action, signature).catch((thrown: unknown) => thrown)
      expect(String((error as { revert?: { name?: string } }).revert?.name)).to.match(/NonceUsed|ActionExpired/)
    }

    relays[0]!.kill('SIGKILL')
    const late = await network.submit(program, { maxRunTime: 600 })
    await drawn(late)
    await worker.line((line) => line.message === ALERT && line['workload'] === late)
    // With gas money of its own it needs nobody.
    await setBalance(account, parseEther('1'))
    expect((await network.until(late, 'Finished')).args.outcome).to.equal('Proven')
    expect(await worker.stop()).to.equal(0)
  })
})
