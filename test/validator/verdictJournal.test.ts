import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import type { Address, Verdict, VerdictDomain, WorkloadId } from '../../sdk/src/chain/index.js'
import { VerdictJournal } from '../../sdk/src/validator/index.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { useDatabases, usePostgres } from '../support/databases.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const KINDS = ['files', 'files and a Postgres server'] as const
const DOMAIN: VerdictDomain = { chainId: 1, committee: `0x${'c0'.repeat(20)}` as Address }
const VERDICT: Verdict = {
  workload: `0x${'11'.repeat(32)}` as WorkloadId,
  attempt: 1,
  proofs: `0x${'22'.repeat(32)}` as Verdict['proofs'],
  valid: 0b101,
}

for (const kind of KINDS)
  describe(`validator: the verdict journal (${kind})`, function () {
    this.timeout(60_000)
    const parent = useTemporaryDirectory()
    const open = kind === 'files' ? undefined : useDatabases('Postgres server')
    const databases: Database[] = []
    let count = 0
    const temporary = async (): Promise<string> => {
      const directory = join(parent(), String(count++))
      await mkdir(directory)
      return directory
    }

    /** A journal of a machine of its own; machines of one directory share a server, if there is one. */
    const servers = new Map<string, Database>()
    const opened = async (directory: string, domain = DOMAIN): Promise<VerdictJournal> => {
      const known = servers.get(directory) ?? (await open?.())
      if (known === undefined) return new VerdictJournal(directory, domain)
      if (!servers.has(directory)) databases.push(known)
      servers.set(directory, known)
      return new VerdictJournal(directory, domain, known)
    }
    after(async () => {
      for (const db of databases) await db.destroy()
    })

    it('keeps a verdict, takes the same again, and refuses another', async () => {
      const journal = await opened(await temporary())
      expect(await journal.find(VERDICT)).to.equal(undefined)
      await journal.record(VERDICT)
      await journal.record(VERDICT)
      expect(await journal.find(VERDICT)).to.deep.equal(VERDICT)
      const error = await rejected(journal.record({ ...VERDICT, valid: 0b100 }), 'VALIDATOR_VERDICT_CONFLICT')
      expect(error.details).to.include({ have: 0b101, refused: 0b100 })
      expect(await journal.find(VERDICT)).to.deep.equal(VERDICT)
    })

    it('is the same journal after a restart, and for another process', async () => {
      const directory = await temporary()
      await (await opened(directory)).record(VERDICT)
      await rejected((await opened(directory)).record({ ...VERDICT, valid: 0 }), 'VALIDATOR_VERDICT_CONFLICT')
    })

    it('of two that record at the same moment one is refused', async () => {
      const directory = await temporary()
      const journals = [await opened(directory), await opened(directory)]
      const both = await Promise.allSettled(
        [0b001, 0b010].map((valid, index) => journals[index]!.record({ ...VERDICT, valid })),
      )
      expect(both.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected'])
      const [winner] = [0b001, 0b010].filter((_, index) => both[index]?.status === 'fulfilled')
      expect((await (await opened(directory)).find(VERDICT))?.valid).to.equal(winner)
    })

    it('another attempt, other proofs after a reorg, another committee or chain are other verdicts', async () => {
      const directory = await temporary()
      const other = { ...VERDICT, valid: 0 }
      await (await opened(directory)).record(VERDICT)
      await (await opened(directory)).record({ ...other, attempt: 2 })
      await (await opened(directory)).record({ ...other, proofs: `0x${'33'.repeat(32)}` as Verdict['proofs'] })
      // On a server each chain has a schema of its own.
      if (kind === 'files') await new VerdictJournal(directory, { ...DOMAIN, chainId: 2 }).record(other)
      const committee = `0x${'c1'.repeat(20)}` as Address
      await (await opened(directory, { ...DOMAIN, committee })).record(other)
      expect((await (await opened(directory)).find(VERDICT))?.valid).to.equal(0b101)
    })

    it('signs nothing where the record cannot be read, or is about something else', async () => {
      const directory = await temporary()
      await (await opened(directory)).record(VERDICT)
      const [folder] = await readdir(directory)
      const [name] = await readdir(join(directory, folder!))
      const text = await readFile(join(directory, folder!, name!), 'utf8')
      for (const damage of ['', '{}', text.slice(0, 40), text.replace(/11/g, '12'), text.replace('5', '-5')]) {
        const broken = await temporary()
        await mkdir(join(broken, folder!))
        await writeFile(join(broken, folder!, name!), damage)
        const journal = await opened(broken)
        await rejected(journal.find(VERDICT), 'VALIDATOR_JOURNAL_INVALID')
        await rejected(journal.record(VERDICT), 'VALIDATOR_JOURNAL_INVALID')
      }
    })
  })

// Each machine has files and connections of its own; nothing but the server is between them.
describe('validator: a verdict journal that machines share', function () {
  this.timeout(120_000)
  const parent = useTemporaryDirectory()
  const server = usePostgres()
  const open: Database[] = []
  let count = 0
  let schema: string

  beforeEach(() => {
    schema = `worker_${count++}`
  })
  afterEach(async () => {
    for (const db of open.splice(0)) await db.destroy()
  })
  async function machine(name: string): Promise<{ journal: VerdictJournal; db: Database; directory: string }> {
    const db = await openDatabase({ url: server().url, schema })
    open.push(db)
    const directory = join(parent(), `${schema}-${name}`)
    return { journal: new VerdictJournal(directory, DOMAIN, db), db, directory }
  }

  it('two with one key never record two different verdicts, whoever is first', async () => {
    const [one, other] = [await machine('one'), await machine('other')]
    const won = new Set<number>()
    for (let attempt = 1; attempt <= 40; attempt++) {
      const key = { ...VERDICT, attempt }
      const machines = attempt % 2 === 0 ? [one, other] : [other, one]
      const both = await Promise.allSettled(
        machines.map(({ journal }, index) => journal.record({ ...key, valid: index + 1 })),
      )
      expect(both.map(({ status }) => status).sort(), `attempt ${attempt}`).to.deep.equal(['fulfilled', 'rejected'])
      const winner = both.findIndex(({ status }) => status === 'fulfilled') + 1
      won.add(winner)
      // The one that was refused signs what the other one found.
      for (const { journal } of machines) expect((await journal.find(key))?.valid).to.equal(winner)
    }
    expect([...won]).to.not.be.empty
  })

  it('a machine that takes over knows what the other one signed, also what it signed before it had a server', async () => {
    const directory = join(parent(), `${schema}-one`)
    await new VerdictJournal(directory, DOMAIN).record({ ...VERDICT, said: 1 })
    const [one, other] = [await machine('one'), await machine('other')]
    expect(await other.journal.find(VERDICT)).to.equal(undefined)
    await one.journal.share()
    expect(await other.journal.find(VERDICT)).to.deep.equal({ ...VERDICT, said: 1 })
    await rejected(other.journal.record({ ...VERDICT, valid: 0 }), 'VALIDATOR_VERDICT_CONFLICT')
  })

  it('a server that was restored from an old dump makes no machine sign another verdict', async () => {
    const [one, other] = [await machine('one'), await machine('other')]
    await one.journal.record(VERDICT)
    expect((await other.journal.find(VERDICT))?.valid).to.equal(VERDICT.valid)
    await one.db.deleteFrom('verdicts').execute()
    for (const { journal } of [one, other])
      await rejected(journal.record({ ...VERDICT, valid: 0 }), 'VALIDATOR_VERDICT_CONFLICT')
    // And where two are on record nothing is signed any more.
    await one.db
      .updateTable('verdicts')
      .set({ valid: '0' } as never)
      .execute()
    for (const { journal } of [one, other]) {
      await rejected(journal.find(VERDICT), 'VALIDATOR_VERDICT_CONFLICT')
      await rejected(journal.share(), 'VALIDATOR_VERDICT_CONFLICT')
    }
  })

  it('without the server nothing is recorded, so nothing is signed', async () => {
    const { journal, directory } = await machine('one')
    await server().halt()
    await rejected(journal.record(VERDICT), 'WORKER_DATABASE_UNAVAILABLE')
    await rejected(journal.find(VERDICT), 'WORKER_DATABASE_UNAVAILABLE')
    expect(await readdir(directory).catch(() => [])).to.be.empty
    await server().resume()
    await journal.record(VERDICT)
    expect((await journal.find(VERDICT))?.valid).to.equal(VERDICT.valid)
  })
})
