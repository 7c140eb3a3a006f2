import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import type { Address, Verdict, VerdictDomain, WorkloadId } from '../../sdk/src/chain/index.js'
import { VerdictJournal } from '../../sdk/src/validator/index.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const DOMAIN: VerdictDomain = { chainId: 1, committee: `0x${'c0'.repeat(20)}` as Address }
const VERDICT: Verdict = {
  workload: `0x${'11'.repeat(32)}` as WorkloadId,
  attempt: 1,
  proofs: `0x${'22'.repeat(32)}` as Verdict['proofs'],
  valid: 0b101,
}

describe('validator: the verdict journal', () => {
  const parent = useTemporaryDirectory()
  let count = 0
  const temporary = async (): Promise<string> => {
    const directory = join(parent(), String(count++))
    await mkdir(directory)
    return directory
  }

  it('keeps a verdict, takes the same again, and refuses another', async () => {
    const journal = new VerdictJournal(await temporary(), DOMAIN)
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
    await new VerdictJournal(directory, DOMAIN).record(VERDICT)
    await rejected(new VerdictJournal(directory, DOMAIN).record({ ...VERDICT, valid: 0 }), 'VALIDATOR_VERDICT_CONFLICT')
  })

  it('of two that record at the same moment one is refused', async () => {
    const directory = await temporary()
    const both = await Promise.allSettled(
      [0b001, 0b010].map((valid) => new VerdictJournal(directory, DOMAIN).record({ ...VERDICT, valid })),
    )
    expect(both.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected'])
    const [winner] = [0b001, 0b010].filter((_, index) => both[index]?.status === 'fulfilled')
    expect((await new VerdictJournal(directory, DOMAIN).find(VERDICT))?.valid).to.equal(winner)
  })

  it('another attempt, other proofs after a reorg, another committee or chain are other verdicts', async () => {
    const directory = await temporary()
    const other = { ...VERDICT, valid: 0 }
    await new VerdictJournal(directory, DOMAIN).record(VERDICT)
    await new VerdictJournal(directory, DOMAIN).record({ ...other, attempt: 2 })
    await new VerdictJournal(directory, DOMAIN).record({
      ...other,
      proofs: `0x${'33'.repeat(32)}` as Verdict['proofs'],
    })
    await new VerdictJournal(directory, { ...DOMAIN, chainId: 2 }).record(other)
    const committee = `0x${'c1'.repeat(20)}` as Address
    await new VerdictJournal(directory, { ...DOMAIN, committee }).record(other)
    expect((await new VerdictJournal(directory, DOMAIN).find(VERDICT))?.valid).to.equal(0b101)
  })

  it('signs nothing where the record cannot be read, or is about something else', async () => {
    const directory = await temporary()
    await new VerdictJournal(directory, DOMAIN).record(VERDICT)
    const [folder] = await readdir(directory)
    const [name] = await readdir(join(directory, folder!))
    const text = await readFile(join(directory, folder!, name!), 'utf8')
    for (const damage of ['', '{}', text.slice(0, 40), text.replace(/11/g, '12'), text.replace('5', '-5')]) {
      const broken = await temporary()
      await mkdir(join(broken, folder!))
      await writeFile(join(broken, folder!, name!), damage)
      const journal = new VerdictJournal(broken, DOMAIN)
      await rejected(journal.find(VERDICT), 'VALIDATOR_JOURNAL_INVALID')
      await rejected(journal.record(VERDICT), 'VALIDATOR_JOURNAL_INVALID')
    }
  })
})
