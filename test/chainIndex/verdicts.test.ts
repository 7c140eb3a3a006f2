import { expect } from 'chai'
import type { Contracts } from '../../sdk/src/chain/connect.js'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import { listOperators } from '../../sdk/src/api/chainIndex/queries/operators.js'
import { readProgramHistory } from '../../sdk/src/api/chainIndex/queries/programs.js'
import { migrations } from '../../sdk/src/api/store/migrations.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { migrate } from '../../sdk/src/database/migrate.js'
import { SEATS, startCommittee, type Committee } from '../support/committee.js'
import { freshDump, TestIndex } from '../support/index.js'
import { judgedWorkload } from '../support/judgedWorkload.js'
import { BAD_PROOF, PROOF, startNetwork, TOKEN, type Network } from '../support/network.js'
import { migrationsUpTo } from '../support/olderState.js'

/** The members of the first committee, and of the appeal's. */
const ALL = Array.from({ length: SEATS }, (_, member) => member)
/** The newest version whose slots lack what committees found invalid. */
const WITHOUT_VERDICTS = '0007_cancelled'

describe('chain index: verdicts of committees', function () {
  this.timeout(180_000)
  let network: Network
  let committee: Committee
  let client: GevulotClient
  let contracts: Contracts
  let index: TestIndex

  before(async () => {
    network = await startNetwork()
    committee = await startCommittee(network)
    client = await network.client({ store: new MemoryStore() })
    ;({ contracts } = client)
    await client.deposit({ amount: 200n * TOKEN })
  })
  after(() => network.chain.stop())
  beforeEach(async () => {
    index = await TestIndex.open(contracts)
  })
  afterEach(() => index.close())

  /** What the index says of each proof, in the order of `seats`. */
  async function verdicts(workload: WorkloadId, seats: readonly number[]): Promise<(boolean | null | undefined)[]> {
    await index.catchUp()
    const rows = await index.db.selectFrom('slots').select(['seat', 'valid']).where('workload', '=', workload).execute()
    return seats.map((seat) => rows.find((row) => row.seat === seat)?.valid)
  }

  /** What all operators did together. */
  async function figures(): Promise<{ readonly proofs: number; readonly invalid: number }> {
    await index.catchUp()
    const { operators } = await listOperators(index.db, { limit: 100 })
    const sum = (name: 'proofs' | 'invalid') => operators.reduce((all, operator) => all + operator[name], 0)
    return { proofs: sum('proofs'), invalid: sum('invalid') }
  }

  it('what a committee finds invalid counts as invalid, from its verdict on and after the settlement', async () => {
    const before = await figures()
    const proofs = [PROOF, BAD_PROOF, PROOF]
    const { workload, seats } = await judgedWorkload(network, client, committee, { proofs, valid: 0b101 })
    const { program } = (await client.getWorkload({ workload })).spec
    const counted = { proofs: before.proofs + 2, invalid: before.invalid + 1 }
    for (const settle of [false, true]) {
      if (settle) {
        await committee.windowOver()
        await committee.windowOver()
        await client.settle({ workload })
      }
      expect(await verdicts(workload, seats)).to.deep.equal([true, false, true])
      expect(await figures()).to.deep.equal(counted)
      // A proof that was no proof says nothing about how long one takes.
      expect((await readProgramHistory(index.db, program))?.runTimes.count).to.equal(2)
    }
    expect(await index.dump()).to.deep.equal(await freshDump(contracts))
  })

  it('the verdict of an appeal takes the place of the one before, once it is reached; a reorg takes it back', async () => {
    const proofs = [PROOF, PROOF]
    const { workload, seats } = await judgedWorkload(network, client, committee, { proofs, valid: 0b01 })
    const { spec } = await client.getWorkload({ workload })
    await committee.windowOver()
    await committee.appeal(workload, spec)
    expect(await verdicts(workload, seats)).to.deep.equal([true, false])
    await committee.vote(workload, 0b10, ALL)
    expect(await verdicts(workload, seats)).to.deep.equal([false, true])
    await network.chain.provider.send('anvil_reorg', [1, []])
    await network.chain.mine(1)
    expect(await verdicts(workload, seats)).to.deep.equal([true, false])
    await committee.vote(workload, 0b10, ALL)
    await committee.windowOver()
    await client.settle({ workload })
    expect(await verdicts(workload, seats)).to.deep.equal([false, true])
    const ranked = await index.db.selectFrom('slots').select('seat').where('rank', '=', 1).where('workload', '=', workload).execute() // prettier-ignore
    expect(ranked).to.deep.equal([{ seat: seats[1] }])
  })

  it('an index without them is made anew by the next version', async () => {
    const older = await TestIndex.open(contracts, {}, migrationsUpTo(WITHOUT_VERDICTS, migrations))
    try {
      await older.catchUp()
      const { numUpdatedRows } = await older.db.updateTable('slots').set({ valid: null }).where('valid', '=', false).executeTakeFirst() // prettier-ignore
      expect(Number(numUpdatedRows)).to.be.greaterThan(0)
      // A restart of the same version goes on where it was.
      await older.catchUp()
      expect(await older.dump()).not.to.deep.equal(await freshDump(contracts))
      await migrate(older.db, migrations)
      await older.catchUp()
      expect(await older.dump()).to.deep.equal(await freshDump(contracts))
    } finally {
      await older.close()
    }
  })
})
