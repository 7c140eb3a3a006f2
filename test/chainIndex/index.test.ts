import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'
import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'
import { recomputeDraw } from '../../sdk/src/audit/recomputeDraw.js'
import type { DrawFacts } from '../../sdk/src/audit/DrawFacts.js'
import type { Contracts } from '../../sdk/src/chain/connect.js'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { programHistory } from '../../sdk/src/client/programHistory.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import { TestApi } from '../support/api.js'
import { DATABASES, useApiDatabases } from '../support/databases.js'
import { freshDump, TestIndex } from '../support/index.js'
import { aProgram, idleSeat, operatorOf, prover, someInputs, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

for (const database of DATABASES)
  describe(`chain index, ${database}`, function () {
    this.timeout(180_000)
    const newDatabase = useApiDatabases(database)
    let network: Network
    let requester: GevulotClient
    let contracts: Contracts
    let program: `0x${string}`

    before(async () => {
      network = await startNetwork()
      requester = await network.client()
      ;({ contracts } = requester)
      program = await aProgram(network, requester)
    })
    after(() => network.chain.stop())

    async function submit(redundancy = 1, of = program): Promise<WorkloadId> {
      const { minimumFee: fee } = await requester.quote({ program: of, maxRunTime: 600, redundancy })
      await requester.deposit({ amount: fee })
      const terms = { fee, maxRunTime: 600, redundancy }
      return (await requester.submit({ program: of, inputs: someInputs(), ...terms })).workload
    }
    async function draw(workload: WorkloadId) {
      await network.chain.mine(4)
      await requester.assign({ workload })
      return requester.getWorkload({ workload })
    }
    async function prove(workload: WorkloadId): Promise<void> {
      const { spec, slots } = await draw(workload)
      await network.chain.pass(7)
      await prover.submitProof(network, spec, slots[0]!.seat)
      await requester.settle({ workload }).catch(() => undefined)
    }

    /** Acts of every kind: what they leave behind is all that an index can hold. */
    async function acts(): Promise<void> {
      await prove(await submit())
      const { workload, spec, slots } = await draw(await submit(2))
      const [first, second] = slots.map(({ seat }) => seat)
      await prover.accept(network, workload, first!)
      await prover.decline(network, spec, second!)
      await prover.commit(network, workload, first!)
      await prover.commitOpen(network, workload, spec, await idleSeat(network, first!))
      await aProgram(network, requester)
      const { contracts: own, seats } = network.operators[0]!
      const seat = Number(await own.registry.stake.staticCall(1, 1, 0))
      await (await own.registry.stake(1, 1, 0)).wait()
      // It may be drawn.
      if (!seats.includes(seat)) (seats as number[]).push(seat)
      await requester.cancel({ workload: await submit() })
    }

    it('a reorg leaves no trace: the index is what a new one reads from the chain', async () => {
      const index = await TestIndex.open(contracts, await newDatabase())
      try {
        await acts()
        await index.catchUp()
        const before = await index.dump()
        const height = await contracts.provider.getBlockNumber()
        const undecided = await submit()
        await index.catchUp()
        await acts()
        await draw(undecided).catch(() => undefined)
        await index.catchUp()
        const meanwhile = await index.dump()
        for (const table of Object.keys(before)) {
          if (table !== 'earnings') expect(meanwhile[table], table).not.to.deep.equal(before[table])
        }
        const depth = (await contracts.provider.getBlockNumber()) - height
        await network.chain.provider.send('anvil_reorg', [depth, []])
        await network.chain.mine(1)
        await index.catchUp()
        expect(await index.dump()).to.deep.equal(before)
        await acts()
        await index.catchUp()
        expect(await index.dump()).to.deep.equal(await freshDump(contracts))
      } finally {
        await index.close()
      }
    })

    it('goes on where it was, and a batch that broke off is taken in whole the next time', async () => {
      const index = await TestIndex.open(contracts, await newDatabase())
      try {
        await index.catchUp()
        const { cursor, block } = await index.store.open(await identityOf(index))
        expect(block).to.equal(await contracts.provider.getBlockNumber())
        await acts()
        // The first part of a batch, as a kill leaves it: rows, and no cursor.
        const other = await TestIndex.open(contracts, await newDatabase())
        await other.catchUp()
        const rows = await other.db
          .selectFrom('events')
          .selectAll()
          .where('block', '>', block)
          .orderBy('block')
          .execute()
        await other.close()
        const half = rows.slice(0, rows.length >> 1)
        await index.db.insertInto('events').values(half).execute()
        await index.store.open(await identityOf(index))
        const left = await index.db.selectFrom('events').select('block').where('block', '>', block).execute()
        expect(left).to.deep.equal([])
        const asked: number[] = []
        const { provider } = contracts
        const read = provider.getLogs.bind(provider)
        provider.getLogs = (filter) => {
          if ('fromBlock' in filter) asked.push(Number(filter.fromBlock))
          return read(filter)
        }
        try {
          await index.catchUp()
        } finally {
          provider.getLogs = read
        }
        expect(asked).to.include(cursor?.next)
        // Young blocks are read twice, older ones never.
        expect(Math.min(...asked)).to.be.at.least(cursor!.next - 64)
        expect(await index.dump()).to.deep.equal(await freshDump(contracts))
        // Another chain at the same addresses.
        await index.store.open('another chain')
        expect((await index.dump())['events']).to.deep.equal([])
      } finally {
        await index.close()
      }
    })

    // The embedded one has one connection, so nobody reads meanwhile.
    if (database === 'Postgres server')
      it('one that begins anew waits for no reader, and shuts none out', async () => {
        const index = await TestIndex.open(contracts, await newDatabase())
        try {
          await acts()
          await index.catchUp()
          await index.db.transaction().execute(async (reader) => {
            expect(await reader.selectFrom('events').selectAll().execute()).not.to.be.empty
            await index.store.open('another chain')
            await reader.selectFrom('workloads').selectAll().execute()
          })
          expect((await index.dump())['events']).to.deep.equal([])
        } finally {
          await index.close()
        }
      })

    async function identityOf(index: TestIndex): Promise<string> {
      return (await index.db.selectFrom('index_head').select('identity').executeTakeFirstOrThrow()).identity
    }

    describe('over HTTP', () => {
      let api: TestApi
      let reader: ApiClient
      let proven: WorkloadId

      before(async () => {
        await prove(await submit())
        proven = await submit()
        await prove(proven)
        api = await TestApi.start(network, { origins: ['https://app.example.org'], ...(await newDatabase()) })
        reader = createApiClient({ url: api.url })
        await caughtUp()
      })
      after(() => api.remove())

      async function caughtUp(): Promise<void> {
        const head = await contracts.provider.getBlockNumber()
        for (;;) {
          const { index } = await reader.getNetwork({})
          if (index !== null && index.block >= head) break
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        // Sums are kept for three seconds.
        await new Promise((resolve) => setTimeout(resolve, 3_100))
      }

      it('tells the story of a workload stage by stage', async () => {
        const { story, summary, status, slots } = await reader.getWorkload({ workload: proven })
        expect(story.map(({ name }) => name)).to.deep.equal([
          'Submitted',
          'Assigned',
          'Revealed',
          'SlotSettled',
          'Finished',
        ])
        const [submitted, assigned, revealed] = story
        expect(revealed!.time - assigned!.time).to.be.at.least(7)
        expect(submitted!.args).to.include({ program, requester: requester.account })
        expect(summary).to.include({ workload: proven, status: 'proven', outcome: 'Proven', ranks: 1 })
        expect(status).to.equal('proven')
        expect(summary!.paid).to.equal(slots[0]!.paid)
        expect(BigInt(summary!.paid) + BigInt(summary!.burned) < BigInt(summary!.fee)).to.equal(true)
      })

      it('lists workloads in pages, by everything they can be asked by', async () => {
        const all: string[] = []
        for (let cursor: string | undefined; ;) {
          const page = await reader.listWorkloads({ limit: 2, ...(cursor !== undefined && { cursor }) })
          expect(page.workloads.length).to.be.at.most(2)
          all.push(...page.workloads.map(({ workload }) => workload))
          if (page.next === null) break
          cursor = page.next
        }
        expect(all[0]).to.equal(proven)
        expect(new Set(all).size).to.equal(all.length)
        const whole = await reader.listWorkloads({ limit: 100 })
        expect(whole.workloads.map(({ workload }) => workload)).to.deep.equal(all)
        for (const status of ['pending', 'proving', 'revealing', 'proven', 'expired', 'cancelled'] as const) {
          const { workloads } = await reader.listWorkloads({ limit: 100, status })
          const want = whole.workloads.filter((one) => one.status === status)
          expect(workloads, status).to.deep.equal(want)
        }
        const { slots } = await reader.getWorkload({ workload: proven })
        const { seat, operator } = slots[0]!
        for (const filter of [
          { seat },
          { operator: operator!.toLowerCase() },
          { program },
          { requester: requester.account! },
        ]) {
          const { workloads } = await reader.listWorkloads({ limit: 100, ...filter })
          expect(
            workloads.map(({ workload }) => workload),
            JSON.stringify(filter),
          ).to.include(proven)
        }
        const nobody = await reader.listWorkloads({ requester: hexlify(randomBytes(20)) })
        expect(nobody).to.deep.equal({ workloads: [], next: null })
      })

      it('gives what a draw follows from, and the draw follows from it', async () => {
        const { offer, candidates, ...rest } = await reader.getDraw({ workload: proven })
        const facts = {
          ...{ ...rest, offer: BigInt(offer) },
          candidates: candidates.map((one) => ({ ...one, priceFloor: BigInt(one.priceFloor) })),
        } as unknown as DrawFacts
        expect(recomputeDraw(facts).agrees).to.equal(true)
        // Whoever changes a fact gets another draw.
        const forged = { ...facts, randomness: hexlify(randomBytes(32)) as typeof facts.randomness }
        const { agrees, sequence } = recomputeDraw({ ...forged, candidates: allOf(facts) })
        expect(agrees && sequence.join() === recomputeDraw(facts).sequence.join()).to.equal(false)
        const open = await submit()
        await rejected(reader.getDraw({ workload: open }), 'CLIENT_NOTHING_TO_DO')
      })

      /** Something of every seat of the set. */
      function allOf({ set, candidates }: DrawFacts): DrawFacts['candidates'] {
        return set.map((seat) => candidates.find((one) => one.seat === seat) ?? { ...candidates[0]!, seat })
      }

      it('counts what became of programs, operators and the network', async () => {
        const { history } = await reader.getProgram({ program })
        expect(history!.proven).to.be.at.least(2)
        expect(history!.runTimes.count).to.be.at.least(2)
        expect(history!.runTimes.bars.reduce((sum, { count }) => sum + count, 0)).to.equal(history!.runTimes.count)
        // They took seven seconds of the chain at least.
        const { chances } = await reader.getQuote({ program, maxRunTime: 600 })
        expect(chances).to.deep.equal({ ended: history!.proven + history!.expired, proven: history!.proven })
        // From the events alone the SDK counts the same.
        const { ended, proven: count } = await programHistory(requester, { program, maxRunTime: 600 })
        expect({ ended, proven: count }).to.deep.equal(chances)
        expect((await reader.getQuote({ program, maxRunTime: 6 })).chances).to.deep.include({ proven: 0 })
        const { programs } = await reader.listPrograms({})
        expect(programs.find((one) => one.program === program)).to.deep.include({ proven: history!.proven })

        const { operators } = await reader.listOperators({})
        const earned = operators.map((one) => BigInt(one.earned))
        expect(operators).to.have.length(network.operators.length)
        expect(earned).to.deep.equal([...earned].sort((a, b) => (a < b ? 1 : -1)))
        const pages = await reader.listOperators({ limit: 1 })
        const rest = await reader.listOperators({ limit: 100, cursor: pages.next! })
        expect([...pages.operators, ...rest.operators]).to.deep.equal(operators)
        const one = await reader.getOperator({ operator: operators[0]!.operator })
        expect(one.seatList.map(({ seat }) => seat)).to.include.members([
          ...operatorOf(network, one.seatList[0]!.seat).seats,
        ])

        const { totals } = await reader.getNetwork({})
        const paid = operators.reduce((sum, { ranked, waiting }) => sum + BigInt(ranked) + BigInt(waiting), 0n)
        expect(totals.paid).to.equal(paid.toString())
        const { spans } = await reader.listEpochs({ last: 200, per: 10 })
        const sum = (name: 'fees' | 'paid' | 'burned') => spans.reduce((all, span) => all + BigInt(span[name]), 0n)
        expect(sum('paid')).to.equal(paid)
        expect(sum('fees')).to.equal(BigInt(totals.fees))
        expect(sum('burned')).to.equal(BigInt(totals.burned))
        const busy = spans.filter(({ earners }) => earners > 0)
        for (const { topShare, evenAs, earners } of busy) {
          expect(topShare).to.be.within(1 / earners - 1e-9, 1)
          expect(evenAs).to.be.within(1 - 1e-9, earners + 1e-9)
        }
      })

      it('counts what slashes took, and what network rewards paid out', async () => {
        const silent = await draw(await submit())
        await network.chain.pass(devnet.rules.silenceWindow + 700)
        const { seat } = silent.slots[0]!
        const { bond } = await contracts.registry.seatOf(seat)
        await requester.slash({ workload: silent.workload })
        const taken = bond - (await contracts.registry.seatOf(seat)).bond
        expect(taken > 0n, 'taken from the bond').to.equal(true)

        await requester.recordRewards({ workloads: [proven] })
        await network.chain.pass(2 * devnet.rewards.epochLength)
        const { operator } = (await requester.getWorkload({ workload: proven })).slots[0]!
        const before = (await contracts.market.accountOf(operator!)).balance
        await requester.claimRewards({ operators: [operator!] })
        const claimed = (await contracts.market.accountOf(operator!)).balance - before
        expect(claimed > 0n, 'claimed').to.equal(true)
        await caughtUp()

        const { totals } = await reader.getNetwork({})
        expect(totals).to.include({ slashed: String(taken), rewards: String(claimed) })
        const { spans } = await reader.listEpochs({ last: 200, per: 10 })
        const of = (name: 'slashed' | 'rewards') => spans.map((span) => span[name]).filter((amount) => amount !== '0')
        expect(of('slashed')).to.deep.equal([String(taken)])
        expect(of('rewards')).to.deep.equal([String(claimed)])
        const slashed = await reader.getOperator({ operator: operatorOf(network, seat).address })
        expect(slashed).to.include({ slashes: 1, slashed: String(taken) })
        const known = slashed.seatList.find((one) => one.seat === seat)
        expect(known).to.include({ slashes: 1, slashed: String(taken), bond: String(bond - taken) })
        const rewarded = await reader.getOperator({ operator: operator! })
        expect(rewarded.rewards).to.equal(String(claimed))
        const { earned, ranked, waiting, judging } = rewarded
        expect(BigInt(earned)).to.equal([ranked, waiting, judging].reduce((sum, part) => sum + BigInt(part), claimed))
      })

      it('finds by the beginning of an id, and takes nothing for a pattern', async () => {
        const kinds = async (q: string) => (await reader.search({ q })).results.map(({ kind, id }) => `${kind} ${id}`)
        expect(await kinds(proven.slice(0, 12))).to.include(`workload ${proven}`)
        expect(await kinds(proven.slice(2, 12).toUpperCase())).to.include(`workload ${proven}`)
        expect(await kinds(program)).to.deep.equal([`program ${program}`])
        const { address, seats } = network.operators[1]!
        expect(await kinds(address)).to.include(`operator ${address}`)
        expect(await kinds(String(seats[0]))).to.deep.equal([`seat ${address}`])
        expect(await kinds(requester.account!.toLowerCase())).to.include(`requester ${requester.account}`)
        const { story } = await reader.getWorkload({ workload: proven })
        expect(await kinds(story[0]!.transaction)).to.include(`transaction ${proven}`)
        for (const hostile of ['%', '0x%', "' or 1=1 --", '0x___', '\\', '0', 'zz', '9'.repeat(8)]) {
          expect(await kinds(hostile), hostile).to.deep.equal([])
        }
      })

      it('refuses what is not asked well', async () => {
        const paths = [
          ...[
            'workloads?limit=0',
            'workloads?limit=101',
            'workloads?cursor=1',
            "workloads?cursor=1.1';--",
            'workloads?seat=x',
          ],
          ...[
            'workloads?status=settled',
            'workloads?program=0x12',
            'workloads?requester=0x12',
            'workloads?limit=5&limit=6',
          ],
          ...[
            'operators?cursor=1.2',
            'operators/0x12',
            'network/epochs?last=1000',
            'search',
            'search?q=',
            'programs?page=2',
          ],
        ]
        for (const path of paths) expect((await fetch(`${api.url}/v1/${path}`)).status, path).to.equal(400)
        expect((await fetch(`${api.url}/v1/operators/${hexlify(randomBytes(20))}`)).status).to.equal(404)
      })

      it('lets pages of the stated origins read it, and no others', async () => {
        const ask = (origin: string, method = 'GET') =>
          fetch(`${api.url}/v1/workloads`, {
            method,
            headers: { origin, ...(method === 'OPTIONS' && { 'access-control-request-method': 'GET' }) },
          })
        const allowed = (response: Response) => response.headers.get('access-control-allow-origin')
        expect(allowed(await ask('https://app.example.org'))).to.equal('https://app.example.org')
        expect(allowed(await ask('https://app.example.org', 'OPTIONS'))).to.equal('https://app.example.org')
        expect(allowed(await ask('https://evil.example.org'))).to.equal(null)
        expect(allowed(await ask('https://app.example.org.evil.example'))).to.equal(null)
        expect((await ask('https://app.example.org')).headers.get('access-control-allow-credentials')).to.equal(null)
      })

      it('texts that PostgreSQL or UTF-8 cannot hold stop nothing', async () => {
        const spec = { prover: hexlify(randomBytes(32)), verifierProgram: `0x${'0'.repeat(64)}`, verifier: network.verifier, verifierGas: 300_000, class: 1, bindsProver: false } // prettier-ignore
        const data = contracts.market.interface.encodeFunctionData('deployProgram', [spec, 'X'.repeat(9)])
        for (const bytes of [
          '00'.repeat(9),
          'ff'.repeat(9),
          `${'eda080'.repeat(3)}`,
          Buffer.from('<img src=').toString('hex'),
        ]) {
          const call = data
            .replace('58'.repeat(9), bytes)
            .replace(spec.prover.slice(2), hexlify(randomBytes(32)).slice(2))
          await (await network.requester.sendTransaction({ to: contracts.addresses.market, data: call })).wait()
        }
        await caughtUp()
        const { programs } = await reader.listPrograms({ limit: 4 })
        expect(programs.map(({ uri }) => uri.length)).to.deep.equal([9, 9, 9, 9])
        expect(programs[0]!.uri).to.equal('<img src=')
      })

      it('answers after a restart although no block comes', async () => {
        const { index } = await reader.getNetwork({})
        await api.stop()
        await api.start()
        const again = createApiClient({ url: api.url })
        while ((await again.getNetwork({})).index === null) await contracts.provider.getBlockNumber()
        expect((await again.getNetwork({})).index).to.deep.equal(index)
        expect((await fetch(`${api.url}/ready`)).status).to.equal(200)
      })

      it('streams what happens from now on', async () => {
        const response = await fetch(`${api.url}/v1/events`)
        const events = response.body!.getReader()
        const workload = await submit()
        let text = ''
        while (!text.includes('"Submitted"')) text += Buffer.from((await events.read()).value).toString()
        expect(text).to.include(workload)
        await events.cancel()
      })
    })
  })
