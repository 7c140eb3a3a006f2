import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { aztecCostsPage, aztecCostsPath } from '../../scripts/lib/aztecCosts.js'
import { root } from '../../scripts/lib/artifacts.js'
import { AZTEC_FIELDS, aztecHelp, loadAztecConfig } from '../../sdk/src/aztec/config/AztecConfig.js'
import { readApiKey } from '../../sdk/src/aztec/config/openRequester.js'
import { AZTEC_METRICS } from '../../sdk/src/aztec/observe/metricTable.js'
import { WORKER_FIELDS } from '../../sdk/src/worker/config/WorkerConfig.js'
import { rejected } from '../support/rejected.js'

const page = readFileSync(join(root, 'docs/aztec.md'), 'utf8')
const [example = '', byProxy = ''] = [...page.matchAll(/```json \S+\n([\s\S]*?)```/g)].map(([, text = '']) => text.replaceAll('0x<program>', `0x${'ab'.repeat(32)}`)) // prettier-ignore

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
    expect(lanes).to.have.length(1)
    expect(lanes[0]).to.include({ bundleJobs: 16, bundleWaitMs: 5_000, pace: 1, redundancy: 1, maxRunTime: 1_800 })
    expect({ budgetPerDay, trust, simulated }).to.deep.equal({
      budgetPerDay: 200n * 10n ** 18n,
      trust: 'program',
      simulated: true,
    })
    const { lanes: given } = await load({ lanes: undefined }, { GEVULOT_AZTEC_LANES: JSON.stringify((JSON.parse(example) as { readonly lanes: unknown }).lanes) }) // prettier-ignore
    expect(given).to.deep.equal(lanes)
  })

  it('who pays is said in one way, and an API key leaves the machine by https only', async () => {
    const proxied = JSON.parse(byProxy) as Record<string, unknown>
    const path = join(directory, 'proxy.json')
    const read = async (changes: Readonly<Record<string, unknown>> = {}) => {
      await writeFile(path, JSON.stringify({ ...proxied, ...changes }))
      return loadAztecConfig(path, {})
    }
    expect(await read({ apiUrl: 'https://proxy.example.org' })).to.include({ apiUrl: 'https://proxy.example.org', keyFile: '', inbox: '' }) // prettier-ignore
    expect(await read()).to.include({ apiUrl: 'http://127.0.0.1:8546' })
    for (const [changes, complaint] of [
      [{ apiUrl: 'http://proxy.example.org' }, /apiUrl .* must be an https URL/],
      [{ apiKeyFile: undefined }, /apiKeyFile .* is missing/],
      [{ keyFile: './key', rpcUrl: 'http://127.0.0.1:1' }, /keyFile .* is of an account.*rpcUrl .* is of an account/],
      [
        { apiUrl: undefined },
        /rpcUrl .* is missing; or name a proxy.*deployment .*contentDirectory .*apiUrl .*keyFile /,
      ],
    ] as const) {
      expect((await rejected(read(changes), 'WORKER_CONFIG_INVALID')).message).to.match(complaint)
    }
    const both = await rejected(load({ signerUrl: 'http://127.0.0.1:2', signerAccount: `0x${'12'.repeat(20)}` }), 'WORKER_CONFIG_INVALID') // prettier-ignore
    expect(both.message).to.contain('are both there')
    const keyPath = join(directory, 'api-key')
    for (const [text, mode] of [
      ['gvk_nonsense', 0o600],
      [`gvk_${'a'.repeat(16)}_${'b'.repeat(43)}`, 0o644],
    ] as const) {
      // prettier-ignore
      await rm(keyPath, { force: true })
      await writeFile(keyPath, text)
      await chmod(keyPath, mode)
      const refusal = await rejected(readApiKey(keyPath), 'AZTEC_CONFIG_INVALID')
      expect(refusal.message).not.to.contain(text)
    }
    await chmod(keyPath, 0o600)
    expect(String(await readApiKey(keyPath))).to.equal('***')
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
