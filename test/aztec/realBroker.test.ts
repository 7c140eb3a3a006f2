import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { CIRCUITS } from '../../programs/aztec-jobs/circuits/index.js'
import { keyOf, SERVED } from '../../programs/aztec-jobs/build.js'
import { simulateBundle } from '../../programs/aztec-jobs/simulate.js'
import { root } from '../../scripts/lib/artifacts.js'
import { bundleStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { JOB_TYPES, type JobTypeFacts, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import { bytesOf } from '../../sdk/src/aztec/protocol/layout.js'
import { RELEASE } from '../../sdk/src/aztec/protocol/release.js'
import { resultJson } from '../../sdk/src/aztec/protocol/result.js'
import { AdapterBench } from '../support/aztec/AdapterBench.js'
import { BROKER_CASES, JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { inputsOf, jobOf, Producer } from '../support/aztec/Producer.js'
import { RealBroker } from '../support/aztec/RealBroker.js'

const packages = process.env['AZTEC_PACKAGES']

// Aztec's published broker, JSON-RPC server, decoders and circuits, where their packages are installed.
describe("aztec: the adapter at Aztec's own broker", function () {
  this.timeout(240_000)
  let bench: AdapterBench
  let broker: RealBroker
  let producer: Producer
  let epoch = 1

  before(async function () {
    if (packages === undefined) {
      console.log(
        "    SKIP: Aztec's packages (721 MB) are not installed; npm run test:aztec does it in a folder of its own",
      )
      return this.skip()
    }
    bench = await AdapterBench.start()
  })
  beforeEach(async () => {
    broker = await new RealBroker(packages ?? '', JOB_TIMEOUT_MS).start()
    producer = new Producer(broker.url)
    bench.provers.answer = (right) => right
    epoch += 10
  })
  afterEach(async () => {
    await bench.stopAdapters()
    await broker.stop()
  })
  after(async () => {
    if (packages !== undefined) await bench.stop()
  })

  const restartBroker = async (): Promise<void> => {
    await broker.stop()
    await broker.start()
  }
  for (const [name, run] of Object.entries(BROKER_CASES)) {
    it(name, () => run({ url: broker.url, producer, bench, epoch, restartBroker }))
  }
})

describe("aztec: what the adapter knows, compared with Aztec's own code", function () {
  this.timeout(240_000)
  let facts: Facts
  let directory: string

  before(async function () {
    if (packages === undefined) {
      console.log(
        "    SKIP: Aztec's packages (721 MB) are not installed; npm run test:aztec does it in a folder of its own",
      )
      return this.skip()
    }
    directory = await mkdtemp(join(tmpdir(), 'gevulot-aztec-facts-'))
    const samples = await sampleResults()
    await writeFile(join(directory, 'samples.json'), JSON.stringify(samples))
    facts = ask(packages, join(directory, 'samples.json'))
  })
  after(async () => {
    if (packages !== undefined) await rm(directory, { recursive: true })
  })

  it('types have the numbers, proofs the lengths, keys the hashes of the release', () => {
    for (const [name, have] of Object.entries<JobTypeFacts>(JOB_TYPES)) {
      const want = facts.types[name]
      expect(want, name).to.deep.include({ type: have.type, proofFields: have.proofFields })
      if (have.key !== undefined) expect(want, name).to.deep.include({ key: have.key, keyInputs: have.keyInputs })
      if (have.publicInputs !== undefined) expect(want?.publicInputsBytes, name).to.equal(bytesOf(have.publicInputs))
    }
    expect(facts.l2CircuitsVkTreeRoot).to.equal(RELEASE.l2CircuitsVkTreeRoot)
    expect(facts.l2ProtocolContractsHash).to.equal(RELEASE.l2ProtocolContractsHash)
  })

  it("what the program makes is decoded by Aztec's schema, and written again is the same", () => {
    expect(facts.decoded.map(({ type }) => type)).to.have.members(SERVED.filter((type) => type !== 'PARITY_ROOT'))
    for (const { type, same } of facts.decoded) expect(same, type).to.equal(true)
  })

  it("simulated parity and padding say what Aztec's circuits say, run by its own ACVM", () => {
    const parity = CIRCUITS.PARITY_BASE!(inputsOf('PARITY_BASE', 1))
    expect(facts.parityBase).to.equal(Buffer.from(parity!).toString('hex'))
    expect(facts.paddingIsZero).to.equal(true)
  })
})

interface Facts {
  readonly types: Readonly<
    Record<string, { readonly type: number; readonly proofFields: number; readonly publicInputsBytes?: number }>
  >
  readonly l2CircuitsVkTreeRoot: string
  readonly l2ProtocolContractsHash: string
  readonly decoded: readonly { readonly type: string; readonly same: boolean }[]
  readonly parityBase: string
  readonly paddingIsZero: boolean
}

function ask(folder: string, samples: string): Facts {
  const script = join(root, 'scripts/aztec/facts.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder, samples], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, LOG_LEVEL: 'silent' },
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Facts
}

/** A result of each served type, as it would be reported. */
async function sampleResults(): Promise<readonly string[]> {
  const types = SERVED.filter((type) => type !== 'PARITY_ROOT')
  const keys = new Map<JobTypeName, Uint8Array>()
  for (const type of types) if (type !== 'PUBLIC_VM') keys.set(type, await keyOf(type))
  return types.map((type) => {
    const inputs = inputsOf(type, 1)
    const statement = bundleStatement([{ id: jobOf(1, type, inputs).id, type }])
    const [result] = simulateBundle(statement, () => inputs, () => keys.get(type)!, () => undefined) // prettier-ignore
    return resultJson(result!)
  })
}
