import { expect } from 'chai'
import { sql } from 'kysely'

import { connect, deploymentOf, type Contracts, type MarketEvent, type ProgramId } from '../../sdk/src/chain/index.js'
import { deploy } from '../../sdk/src/deploy/deploy.js'
import { ChainFacts } from '../../sdk/src/worker/coordinate/ChainFacts.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { TestChain } from '../support/network/TestChain.js'
import { FAST } from '../support/network/TestNetwork.js'
import { QueryPlans } from '../support/QueryPlans.js'

const CURSOR = { start: 0, next: 100, checkpoints: [] }
// It asks the events only.
const NO_CONTRACTS = {} as Contracts

const named = (number: number): ProgramId => `0x${number.toString(16).padStart(64, '0')}` as ProgramId

function deployed(number: number, uri: string, block = number): MarketEvent<'ProgramDeployed'> {
  const spec = { prover: named(number), verifierGas: 100_000n, class: 1, bindsProver: false }
  return {
    contract: 'market',
    name: 'ProgramDeployed',
    args: { program: named(number), spec, uri },
    at: { block, logIndex: 0 },
  } as unknown as MarketEvent<'ProgramDeployed'>
}

for (const kind of DATABASES) {
  describe(`worker: programs that are known (${kind})`, function () {
    this.timeout(120_000)
    const open = useDatabases(kind)

    it('are those whose deployment is stored by now, whatever their deployers wrote, and are asked for anew after a reorg', async () => {
      const db = await open()
      try {
        const events = new EventStore(db)
        const facts = new ChainFacts(NO_CONTRACTS, events)
        expect(await facts.program(named(1))).to.equal(undefined)
        const odd = `\0\ud800","program":"${named(9)}","x":"\\`
        const batch = { kind: 'events', from: 0, to: { number: 99, hash: named(99) }, time: 1, cursor: CURSOR } as const
        await events.apply({ ...batch, events: [deployed(1, odd), deployed(2, ''), deployed(3, 'ipfs://three')] })
        expect((await facts.program(named(1)))?.uris).to.deep.equal([odd])
        expect((await facts.program(named(2)))?.uris).to.deep.equal([])
        expect((await facts.program(named(3)))?.program.prover).to.equal(named(3))
        expect(await facts.program(named(9))).to.equal(undefined)
        await events.apply({ kind: 'reorg', redoFrom: 3, because: 'replaced', cursor: CURSOR })
        await events.apply({ ...batch, from: 3, events: [deployed(3, 'ipfs://elsewhere', 5)] })
        expect((await facts.program(named(3)))?.uris).to.deep.equal(['ipfs://three'])
        facts.refresh()
        expect((await facts.program(named(3)))?.uris).to.deep.equal(['ipfs://elsewhere'])
      } finally {
        await db.destroy()
      }
    })

    it('are found without all that were ever deployed being read', async () => {
      const db = await open()
      try {
        await sql`insert into events (block, log_index, contract, name, event)
          select n, 0, 'market', 'ProgramDeployed', '{"args":{"program":"0x' || lpad(to_hex(n), 64, '0') || '","spec":{}}}'
          from generate_series(1, 20000) as n`.execute(db)
        await sql`analyze events`.execute(db)
        expect((await new EventStore(db).deploymentOf(named(777)))?.args.program).to.equal(named(777))
        const plans = new QueryPlans()
        await new ChainFacts(NO_CONTRACTS, new EventStore(db.withPlugin(plans))).program(named(777))
        expect(plans.all).to.have.length(1)
        expect(plans.all[0]).to.match(/events_by_program/)
      } finally {
        await db.destroy()
      }
    })
  })
}

describe('worker: rules of the chain', function () {
  this.timeout(120_000)

  it('are those that have the number after a reorg, also where the answer of before comes late', async () => {
    const chain = await TestChain.start()
    try {
      const record = await deploy({ owner: chain.wallet(0), network: 'test', parameters: FAST })
      const contracts = await connect(deploymentOf(record), chain.wallet(0))
      const add = async (revealWindow: number): Promise<void> => {
        const rules = { ...FAST.rules, beacon: contracts.addresses.beacon, revealWindow }
        await (await contracts.market.addRules(rules)).wait()
      }
      // It asks the chain only.
      const facts = new ChainFacts(contracts, {} as EventStore)
      const before: unknown = await chain.provider.send('evm_snapshot', [])
      await add(31)
      expect(await facts.rules(2)).to.include({ revealWindow: 31 })
      facts.refresh()
      const late = facts.rules(2)
      facts.refresh()
      expect(await late).to.include({ revealWindow: 31 })
      await chain.provider.send('evm_revert', [before])
      await add(47)
      expect(await facts.rules(2)).to.include({ revealWindow: 47 })
    } finally {
      await chain.stop()
    }
  })
})
