import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { aztecCostsPage, aztecCostsPath } from '../../scripts/lib/aztecCosts.js'
import { root } from '../../scripts/lib/artifacts.js'
import { AZTEC_FIELDS, aztecHelp, loadAztecConfig } from '../../sdk/src/aztec/config/AztecConfig.js'
import { AZTEC_METRICS } from '../../sdk/src/aztec/observe/metricTable.js'
import { WORKER_FIELDS } from '../../sdk/src/worker/config/WorkerConfig.js'
import { rejected } from '../support/rejected.js'

const page = readFileSync(join(root, 'docs/aztec.md'), 'utf8')
const example = /```json\n([\s\S]*?)```/.exec(page)![1]!.replaceAll('0x…', `0x${'ab'.repeat(32)}`)

describe('aztec: the page and the configuration', () => {
  let directory: string

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gevulot-aztec-page-'))
  })
  after(() => rm(directory, { recursive: true }))

  async function load(changes: Readonly<Record<string, unknown>> = {}, environment: NodeJS.ProcessEnv = {}) {
    const path = join(directory, 'aztec.json')
    await writeFile(path, JSON.stringify({ ...(JSON.parse(example) as object), ...changes }))
    return loadAztecConfig(path, environment)
  }

  it('the page names every field and every metric, and its figures are those of the bench', () => {
    for (const name of Object.keys(AZTEC_FIELDS)) {
      const isShared = Object.hasOwn(WORKER_FIELDS, name)
      if (!isShared) expect(page, name).to.contain(`\`${name}\``)
      expect(aztecHelp()).to.contain(name)
    }
    for (const [name, { help }] of Object.entries(AZTEC_METRICS))
      expect(page, name).to.contain(`\`${name}\``).and.contain(help)
    expect(readFileSync(aztecCostsPath, 'utf8')).to.equal(aztecCostsPage())
  })

  it('the example is a configuration, and lanes are filled up with defaults', async () => {
    const { lanes, budgetPerDay, trust, simulated } = await load()
    expect(lanes).to.have.length(2)
    expect(lanes[0]).to.include({ bundleJobs: 16, bundleWaitMs: 5_000, pace: 1, redundancy: 1, maxRunTime: 1_800 })
    expect({ budgetPerDay, trust, simulated }).to.deep.equal({
      budgetPerDay: 200n * 10n ** 18n,
      trust: 'program',
      simulated: false,
    })
    const { lanes: given } = await load({ lanes: undefined }, { GEVULOT_AZTEC_LANES: JSON.stringify((JSON.parse(example) as { readonly lanes: unknown }).lanes) }) // prettier-ignore
    expect(given).to.deep.equal(lanes)
  })

  it('mistakes are told all at once', async () => {
    const error = await rejected(
      load({
        ...{ budgetPerEpoch: '-1', proofStore: 'gs://bucket', trust: 'everybody', slotz: 7, brokerUrl: 'file:///x' },
        lanes: [{ program: '0x12', types: ['NO_SUCH_TYPE'] }],
      }),
      'WORKER_CONFIG_INVALID',
    )
    for (const name of ['budgetPerEpoch', 'proofStore', 'trust', 'slotz', 'brokerUrl', 'lanes']) {
      expect(error.message).to.contain(name)
    }
    for (const lanes of [
      [],
      [{ types: [] }],
      [7],
      'x',
      [{ program: `0x${'ab'.repeat(32)}`, types: ['ROOT_ROLLUP'], bundleJob: 3 }],
    ]) {
      await rejected(load({ lanes }), 'WORKER_CONFIG_INVALID')
    }
  })
})
