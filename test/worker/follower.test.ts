import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { hexlify, id, Log, randomBytes, type Block } from 'ethers'

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
import { ChainFollower, type ChainFollowerOptions } from '../../sdk/src/worker/chain/ChainFollower.js'
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
    let lines: string[]
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
      lines = []
    })
    afterEach(async () => {
      await stopFollowing()
      await db.destroy()
    })

    function follow(
      from: Contracts = contracts,
      back = 0,
      {
        clock = systemClock,
        onBatch = async () => undefined,
      }: Partial<Pick<ChainFollowerOptions, 'clock' | 'onBatch'>> = {},
    ): ChainFollower {
      const follower = new ChainFollower({
        contracts: from,
        events,
        time,
        clock,
        log: jsonLogger({ level: 'warn', write: (line) => void lines.push(line), now: () => Date.now() }),
        pollMs: 50,
        fromBlock,
        onBatch: async (batch) => {
          batches.push(batch)
          await onBatch(batch)
        },
      })
      if (back > 0) follower.readAgain(back)
      const stop = new AbortController()
      running = { stop, done: follower.run(stop.signal) }
      return follower
    }

    /** The contracts behind an endpoint with answers of its own. */
    function answering(own: Partial<Pick<Contracts['provider'], 'getBlock' | 'getLogs'>>): Contracts {
      const provider = new Proxy(contracts.provider, {
        get(target, name) {
          if (name in own) return Reflect.get(own, name) as unknown
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
      return { ...contracts, provider }
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

    it('tells the time where the block that was stored last is the newest still, before another comes', async () => {
      const account = await admit()
      follow()
      await until(async () => (await admitted()).includes(account))
      await stopFollowing()
      time = new ChainTime(systemClock)
      batches = []
      follow()
      await until(async () => time.now() > 0)
      expect(time.block).to.equal(await chain.provider.getBlockNumber())
      expect(batches).to.deep.equal([])
    })

    it('tells no time while blocks are not read', async () => {
      const account = await admit()
      follow()
      await until(async () => (await admitted()).includes(account))
      await stopFollowing()
      await admit()
      time = new ChainTime(systemClock)
      let asked = false
      let answer = (): void => undefined
      const held = new Promise<void>((resolve) => (answer = resolve))
      const getLogs: Contracts['provider']['getLogs'] = async (filter) => {
        asked = true
        await held
        return contracts.provider.getLogs(filter)
      }
      follow(answering({ getLogs }))
      await until(async () => asked)
      const before = time.now()
      answer()
      expect(before).to.equal(0)
      await until(async () => time.now() > 0)
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

    // In the middle of reading again, when some blocks were read and the newest ones not yet.
    const ENDINGS = ['the process ends', 'the endpoint is silent'] as const
    for (const ending of ENDINGS) {
      it(`keeps nothing of blocks that are replaced once ${ending} while blocks are read again`, async () => {
        await chain.provider.send('anvil_mine', ['0x64'])
        const before: unknown = await chain.provider.send('evm_snapshot', [])
        follow()
        const gone = await admit()
        await until(async () => (await admitted()).includes(gone))
        await stopFollowing()
        const { next } = (await events.cursor())!
        let isSilent = false
        const flaky = answering({
          getBlock: async (tag) => {
            if (isSilent) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
            return chain.provider.getBlock(tag)
          },
        })
        batches = []
        follow(flaky, 1_000, {
          // So that the time that an endpoint is given is over at the second failure.
          clock: { ...systemClock, elapsed: () => systemClock.elapsed() * 1_000 },
          onBatch: async () => {
            if (ending === 'the process ends') running?.stop.abort()
            else isSilent = batches.length === 1
          },
        })
        await until(async () => running?.stop.signal.aborted === true || lines.join().includes('cannot be read'))
        if (ending === 'the process ends') await stopFollowing()
        expect(batches.map(({ kind }) => kind)).to.deep.equal(['events'])
        expect((await events.cursor())!.next, 'where it stood').to.equal(next)
        await chain.provider.send('evm_revert', [before])
        // In the same place.
        const fresh = await admit()
        expect(await chain.provider.getBlockNumber()).to.equal(next - 1)
        isSilent = false
        if (ending === 'the process ends') follow()
        await until(async () => (await admitted()).includes(fresh))
        expect(await admitted()).to.not.include(gone)
      })
    }

    it('gives up for what fails just when blocks are to be read again', async () => {
      await admit()
      const follower = follow(contracts, 0, {
        onBatch: async () => {
          follower.readAgain(1_000)
          throw new Error('a statement failed')
        },
      })
      const { done } = running!
      running = undefined
      expect(await done.catch(({ message }: Error) => message)).to.equal('a statement failed')
    })

    it('keeps nothing of what an older version had left behind its cursor when it ended', async () => {
      await chain.provider.send('anvil_mine', ['0x64'])
      const before: unknown = await chain.provider.send('evm_snapshot', [])
      follow()
      const gone = await admit()
      await until(async () => (await admitted()).includes(gone))
      await stopFollowing()
      const first = batches.find(({ kind }) => kind === 'events')!
      await events.apply(first)
      expect(await admitted()).to.include(gone)
      await chain.provider.send('evm_revert', [before])
      const fresh = await admit()
      follow()
      await until(async () => (await admitted()).includes(fresh))
      expect(await admitted()).to.not.include(gone)
    })

    it('stores nothing of another branch that an endpoint tells of while blocks are read again', async () => {
      await admit()
      await chain.provider.send('anvil_mine', ['0x64'])
      follow()
      const head = await chain.provider.getBlockNumber()
      await until(async () => (await events.cursor())?.next === head + 1)
      await stopFollowing()
      const have = await admitted()
      // It is on the other branch until it is asked for the newest block that was stored.
      let isElsewhere = true
      let forged = 0
      const lying = answering({
        getBlock: async (tag) => {
          if (tag === head) isElsewhere = false
          const block = await chain.provider.getBlock(tag)
          return isElsewhere && tag !== 'latest'
            ? (Object.create(block, { hash: { value: id(`${tag}`) } }) as Block)
            : block
        },
        getLogs: async (filter) => {
          const logs = await chain.provider.getLogs(filter)
          const some = isElsewhere ? logs.slice(-1) : []
          forged += some.length
          return [
            ...logs,
            ...some.map((log) => new Log({ ...log, index: 999, blockHash: id('other') }, chain.provider)),
          ]
        },
      })
      follow(lying, 1_000)
      const fresh = await admit()
      await until(async () => (await admitted()).includes(fresh))
      expect(forged).to.be.greaterThan(0)
      expect(await admitted()).to.deep.equal([...have, fresh])
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
