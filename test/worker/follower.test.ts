import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'

import { deploy } from '../../sdk/src/deploy/deploy.js'
import {
  connect,
  deploymentOf,
  rpcProvider,
  type Contracts,
  type Deployment,
  type EventBatch,
} from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainFollower } from '../../sdk/src/worker/chain/ChainFollower.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { CHAIN_ID, TestChain } from '../support/network/TestChain.js'
import { FAST } from '../support/network/TestNetwork.js'

for (const kind of DATABASES) {
  describe(`worker: chain follower (${kind})`, function () {
    const open = useDatabases(kind)
    this.timeout(120_000)
    let chain: TestChain
    let deployment: Deployment
    let contracts: Contracts
    let fromBlock: number
    let db: Database
    let events: EventStore
    let time: ChainTime
    let batches: EventBatch[]
    let running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined

    before(async () => {
      chain = await TestChain.start()
      const record = await deploy({ owner: chain.wallet(0), network: 'test', parameters: FAST })
      deployment = deploymentOf(record)
      fromBlock = deployment.fromBlock
      contracts = await connect(deployment, chain.wallet(0))
    })
    after(async () => {
      await chain.stop()
    })
    beforeEach(async () => {
      db = await open()
      events = new EventStore(db)
      time = new ChainTime(systemClock)
      batches = []
    })
    afterEach(async () => {
      await stopFollowing()
      await db.destroy()
    })

    function follow(from: Contracts = contracts, back = 0): ChainFollower {
      const follower = new ChainFollower({
        contracts: from,
        events,
        time,
        clock: systemClock,
        log: jsonLogger({ level: 'error', write: console.log, now: () => Date.now() }),
        pollMs: 50,
        fromBlock,
        onBatch: async (batch) => {
          batches.push(batch)
        },
      })
      if (back > 0) follower.readAgain(back)
      const stop = new AbortController()
      running = { stop, done: follower.run(stop.signal) }
      return follower
    }

    async function stopFollowing(): Promise<void> {
      running?.stop.abort()
      await running?.done
      running = undefined
    }

    /** Makes one event and answers its account. */
    async function admit(): Promise<string> {
      const account = hexlify(randomBytes(20))
      await (await contracts.registry.admit(account, true)).wait()
      return account
    }

    async function admitted(): Promise<string[]> {
      return (await events.registryNamed('OperatorAdmitted')).map(({ args }) => args.operator.toLowerCase())
    }

    async function until(test: () => Promise<boolean>): Promise<void> {
      for (const end = Date.now() + 20_000; !(await test()); await sleep(30))
        if (Date.now() > end) throw new Error('in vain')
    }

    it('catches up and keeps up', async () => {
      const old = await admit()
      follow()
      await until(async () => (await admitted()).includes(old))
      const fresh = await admit()
      await until(async () => (await admitted()).includes(fresh))
    })

    it('resumes where it stood', async () => {
      const first = await admit()
      follow()
      await until(async () => (await admitted()).includes(first))
      await stopFollowing()
      const cursor = await events.cursor()
      const second = await admit()
      batches = []
      follow()
      await until(async () => (await admitted()).includes(second))
      const read = batches.flatMap((batch) => (batch.kind === 'events' ? [batch.from] : []))
      expect(read.every((from) => from >= cursor!.next)).to.be.true
      expect((await admitted()).filter((account) => account === first)).to.have.length(1)
    })

    it('takes the same batch twice without harm', async () => {
      await admit()
      follow()
      await until(async () => (await events.cursor()) !== undefined && (await admitted()).length > 0)
      await stopFollowing()
      const have = await admitted()
      for (const batch of batches) await events.apply(batch)
      expect(await admitted()).to.deep.equal(have)
    })

    for (const depth of [1, 3, 10]) {
      it(`undoes ${depth} reorged blocks and reads what took their place`, async () => {
        const kept = await admit()
        const gone: string[] = []
        follow()
        for (let block = 0; block < depth; block++) {
          const account = await admit()
          gone.push(account)
          await until(async () => (await admitted()).includes(account))
        }
        await chain.provider.send('anvil_reorg', [depth, []])
        await chain.mine()
        await until(async () => !(await admitted()).some((account) => gone.includes(account)))
        const fresh = await admit()
        await until(async () => (await admitted()).includes(fresh))
        expect(await admitted()).to.include(kept)
        expect(batches.some((batch) => batch.kind === 'reorg')).to.be.true
      })
    }

    it('reads again what was left out for long, and leaves alone what is there', async () => {
      const rpc = await FaultyRpc.start(chain.url)
      const provider = rpcProvider(rpc.url, CHAIN_ID)
      try {
        const faulty = await connect(deployment, provider)
        const kept = await admit()
        const follower = follow(faulty)
        await until(async () => (await admitted()).includes(kept))
        rpc.fault = 'leaves logs out'
        const missed = await admit()
        await chain.provider.send('anvil_mine', ['0x50'])
        const head = await chain.provider.getBlockNumber()
        await until(async () => (await events.cursor())!.next > head)
        rpc.fault = 'none'
        const { block } = time
        follower.readAgain(1_000)
        await until(async () => (await admitted()).includes(missed))
        expect((await admitted()).filter((account) => account === kept)).to.have.length(1)
        expect(time.block, 'time does not run backwards').to.be.at.least(block)
        expect(batches.every((batch) => batch.kind === 'events')).to.be.true
        const fresh = await admit()
        await until(async () => (await admitted()).includes(fresh))
      } finally {
        await stopFollowing()
        provider.destroy()
        await rpc.stop()
      }
    })

    it('keeps nothing of blocks that were replaced before they were read again', async () => {
      follow()
      const gone = await admit()
      await until(async () => (await admitted()).includes(gone))
      await stopFollowing()
      await chain.provider.send('anvil_reorg', [2, []])
      const fresh = await admit()
      follow(contracts, 1_000)
      await until(async () => (await admitted()).includes(fresh) && !(await admitted()).includes(gone))
      expect(batches.some((batch) => batch.kind === 'reorg' && batch.because === 'replaced')).to.be.true
    })

    it('finds a reorg that happened while it was not running', async () => {
      follow()
      const gone = await admit()
      await until(async () => (await admitted()).includes(gone))
      await stopFollowing()
      await chain.provider.send('anvil_reorg', [2, []])
      const fresh = await admit()
      follow()
      await until(async () => (await admitted()).includes(fresh))
      expect(await admitted()).to.not.include(gone)
    })

    it('goes on after the endpoint was away', async () => {
      follow()
      const first = await admit()
      await until(async () => (await admitted()).includes(first))
      chain.pause()
      await sleep(1_000)
      chain.resume()
      const second = await admit()
      await until(async () => (await admitted()).includes(second))
    })
  })
}
