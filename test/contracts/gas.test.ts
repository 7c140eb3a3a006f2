import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { hotPath } from '../../bench/gas/hotPath.js'
import { Network } from '../../bench/gas/Network.js'
import type { Row } from '../../bench/report.js'
import { deployable } from '../../scripts/lib/artifacts.js'

const REPORT = 'bench/report.json'
/** Runs differ by about 0.1 %: random bytes of calldata are now and then zero, which costs less. */
const slack = (gas: number): number => Math.ceil(gas * 0.002)

describe('contracts: gas and sizes are those of the report', function () {
  this.timeout(300_000)
  const rows = new Map((JSON.parse(readFileSync(REPORT, 'utf8')) as Row[]).map((row) => [row.name, row]))
  const kept = (name: string): number => {
    const row = rows.get(name)
    if (row === undefined) throw new Error(`${REPORT} has no row "${name}": run npm run bench`)
    return row.value
  }

  it('the hot path costs what bench/report.json says', async () => {
    const measured = await hotPath(await Network.with(512))
    for (const [name, value] of Object.entries(measured)) {
      const was = kept(name)
      expect(value, `${name}: if it is meant, npm run bench:gas and docs/gas-targets.md`).to.be.within(
        was - slack(was),
        was + slack(was),
      )
    }
  })

  it('contracts have the sizes that docs/gas.md says', () => {
    const sizes = new Map(deployable().map((a) => [`size of ${a.contractName}`, (a.deployedBytecode.length - 2) / 2]))
    const said = [...rows.keys()].filter((name) => name.startsWith('size of '))
    expect(said).to.include('size of Market')
    for (const name of said)
      expect(sizes.get(name), `${name}: if it is meant, npm run bench:curves`).to.equal(kept(name))
  })
})
