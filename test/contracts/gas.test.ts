import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { rankedProofs } from '../../bench/gas/lives.js'
import { measure, VARYING } from '../../bench/gas/measure.js'
import { Network } from '../../bench/gas/Network.js'
import type { Row } from '../../bench/report.js'
import { contractSizes } from '../../scripts/check/contractSizes.js'
import { deployable } from '../../scripts/lib/artifacts.js'

const REPORT = 'bench/report.json'
/** Runs differ by about 0.1 %: random bytes of calldata are now and then zero, which costs less. */
const SLACK = 0.002
/** What a word costs more that was zero: 20,000 to set it instead of 2,900 to reset it. */
const COLD_WORD = 17_100

describe('contracts: gas and sizes are those of the report', function () {
  this.timeout(900_000)
  const rows = new Map((JSON.parse(readFileSync(REPORT, 'utf8')) as Row[]).map((row) => [row.name, row]))
  const kept = (name: string): Row => {
    const row = rows.get(name)
    if (row === undefined) throw new Error(`${REPORT} has no row "${name}": run npm run bench`)
    return row
  }

  it('every act costs what bench/report.json says, and what varies at most its target', async () => {
    const measured = await measure()
    expect([...measured.keys()]).to.include.members(Object.keys(VARYING))
    const problems = [...measured].flatMap(([name, value]) => {
      const { value: was, target } = kept(name)
      const varies = VARYING[name]
      if (varies !== undefined)
        return value > target ? [`${name}: ${value}, above its target of ${target}; it varies: ${varies}`] : []
      return Math.abs(value - was) > was * SLACK
        ? [`${name}: ${value}, was ${was}: if it is meant, npm run bench:gas and docs/gas-targets.md`]
        : []
    })
    expect(problems).to.deep.equal([])
  })

  it('seats whose words are written by the bench cost what those cost that have really worked, to the unit', async () => {
    const net = await Network.with(10)
    const worked = new Set<number>()
    for (let tries = 0; worked.size < 10 && tries < 100; tries += 1)
      for (const { seat } of (await rankedProofs(net, 3, true)).seats) worked.add(seat)
    expect(worked.size).to.equal(10)
    const submitted = await net.submit(3)
    const [workload] = submitted.workloads
    if (workload === undefined) throw new Error('nothing was submitted')
    const life = async () => {
      const { gas: assign, drawn } = await net.assign([workload])
      const seats = drawn.flat()
      const commits: number[] = []
      const reveals: number[] = []
      for (const seat of seats) commits.push(await net.commit(workload, seat))
      await net.pass(40)
      for (const seat of seats) reveals.push(await net.reveal(workload, seat))
      return {
        seats: seats.map(({ seat }) => seat),
        assign,
        commits,
        reveals,
        settle: await net.settle(workload, seats),
      }
    }
    // One workload, thus one draw and the same calldata: nothing but the seats' words is another.
    const real = await net.undone(life)
    const after = (history: 'worked' | 'new') =>
      net.undone(async () => {
        await net.writeSeats(history)
        return life()
      })
    expect(real.seats).to.have.length(3)
    expect(await after('worked')).to.deep.equal(real)
    expect(await after('new')).to.deep.equal({ ...real, assign: real.assign + 3 * COLD_WORD })
  })

  it('contracts have the sizes that docs/gas.md says', () => {
    const sizes = new Map(deployable().map((a) => [`size of ${a.contractName}`, (a.deployedBytecode.length - 2) / 2]))
    const said = [...rows.keys()].filter((name) => name.startsWith('size of '))
    expect(said).to.include('size of Market')
    for (const name of said)
      expect(sizes.get(name), `${name}: if it is meant, npm run bench:curves`).to.equal(kept(name).value)
  })

  it('contracts keep room for repairs, and a change that would use it up is told so', () => {
    const sized = (deployed: number, creation: number) => [
      { contractName: 'Grown', deployedBytecode: `0x${'00'.repeat(deployed)}`, bytecode: `0x${'00'.repeat(creation)}` },
    ]
    expect(contractSizes()).to.deep.equal([])
    expect(contractSizes(sized(24_320, 48_896))).to.deep.equal([])
    const [code, creation, ...others] = contractSizes(sized(24_321, 48_897))
    expect(code).to.match(/^Grown has 24,321 bytes, which leaves 255 of the 24,576 that are allowed: keep 256/)
    expect(creation).to.match(/^The creation code of Grown has 48,897 bytes, which leaves 255/)
    expect(others).to.deep.equal([])
    expect(contractSizes(sized(24_577, 25_000))).to.deep.equal(['Grown has 24,577 bytes, at most 24,576 are allowed'])
  })
})
