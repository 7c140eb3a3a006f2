import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { Interface, type InterfaceAbi } from 'ethers'

import { CIRCUITS } from '../../programs/aztec-jobs/circuits/index.js'
import { keyOf, SERVED } from '../../programs/aztec-jobs/build.js'
import { buildReleasePackages } from '../../programs/aztec-jobs/release/build.js'
import { ownCircuits, simulateBundle } from '../../programs/aztec-jobs/simulate.js'
import { runPackage } from '../../programs/support/run.js'
import { root } from '../../scripts/lib/artifacts.js'
import { ROLLUP } from '../../sdk/src/aztec/posting/rollupInterface.js'
import { bundleProof, bundleStatement, inputName, readBundleProof } from '../../sdk/src/aztec/protocol/bundle.js'
import { JOB_TYPES, type JobTypeFacts, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import { bytesOf } from '../../sdk/src/aztec/protocol/layout.js'
import { RELEASE } from '../../sdk/src/aztec/protocol/release.js'
import { resultJson } from '../../sdk/src/aztec/protocol/result.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'
import { AdapterBench } from '../support/aztec/AdapterBench.js'
import { BROKER_CASES, JOB_TIMEOUT_MS } from '../support/aztec/brokerCases.js'
import { inputsOf, jobOf, Producer } from '../support/aztec/Producer.js'
import { RealBroker } from '../support/aztec/RealBroker.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const packages = process.env['AZTEC_PACKAGES']

// Aztec's published broker, JSON-RPC server, decoders and circuits, where their packages are installed.
describe("aztec: the adapter at Aztec's own broker", function () {
  this.timeout(600_000)
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
  this.timeout(600_000)
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

  it("simulated parity and padding say what Aztec's circuits say, run by its own ACVM", async () => {
    const parity = await CIRCUITS.PARITY_BASE!(inputsOf('PARITY_BASE', 1))
    expect(facts.parityBase).to.equal(Buffer.from(parity!).toString('hex'))
    expect(facts.paddingIsZero).to.equal(true)
  })

  it('what is called of the rollup, its event and its errors are those of the real contract', () => {
    const signatures = ({ fragments }: Interface): readonly string[] =>
      fragments
        .filter(({ type }) => ['function', 'event', 'error'].includes(type))
        .map((fragment) => `${fragment.type} ${fragment.format('sighash')}`)
    expect(signatures(new Interface(facts.rollupAbi))).to.include.members([...signatures(ROLLUP)])
  })
})

describe("aztec: the program of Aztec's own circuits", function () {
  this.timeout(600_000)
  const directory = useTemporaryDirectory()

  before(function () {
    if (packages !== undefined) return
    console.log("    SKIP: Aztec's packages are not installed; npm run test:aztec does it in a folder of its own")
    this.skip()
  })

  it('runs in a sandbox, says what the five types of our own say, and its verifier takes that and nothing else', async () => {
    const store = new DirectoryStore(join(directory(), 'content'))
    const { prover, verifier } = await buildReleasePackages({ store, packages: packages ?? '' })
    const types = ['PARITY_BASE', 'CHECKPOINT_PADDING_ROLLUP', 'PUBLIC_VM'] as const
    const jobs = types.map((type) => ({ id: jobOf(1, type, inputsOf(type, 1)).id, type }))
    const statement = bundleStatement(jobs)
    const files = Object.fromEntries(types.map((type, index) => [inputName(index), inputsOf(type, 1)]))
    const inputs = { public_inputs: statement, ...files }
    const runtime = createRuntime('bubblewrap', { cacheDirectory: join(directory(), 'runtime') })
    const context = { workload: `0x${'1a'.repeat(32)}`, prover: `0x${'2b'.repeat(20)}` }
    const run = (what: typeof prover, more = {}) => runPackage(runtime, what, store, { ...inputs, ...more }, context)

    const made = await run(prover)
    expect(made.outcome.kind, JSON.stringify(made.outcome)).to.equal('ok')
    const proof = made.files.get('proof')!
    const keys = new Map(await Promise.all((['PARITY_BASE', 'CHECKPOINT_PADDING_ROLLUP'] as const).map(async (type) => [type, await keyOf(type)] as const))) // prettier-ignore
    const own = await simulateBundle(statement, (name) => files[name]!, ownCircuits((type) => keys.get(type as never)!), () => undefined) // prettier-ignore
    expect(Buffer.from(proof).equals(bundleProof(statement, own))).to.equal(true)
    expect(readBundleProof(jobs, proof).every(({ simulated }) => simulated)).to.equal(true)

    expect((await run(verifier, { proof })).outcome.kind).to.equal('valid')
    const [first, ...rest] = own
    const publicInputs = Uint8Array.from(first!.publicInputs!)
    publicInputs[40] = (publicInputs[40] ?? 0) ^ 1
    const wrong = bundleProof(statement, [{ ...first!, publicInputs }, ...rest])
    expect((await run(verifier, { proof: wrong })).outcome.kind).to.equal('invalid')
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
  readonly rollupAbi: InterfaceAbi
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
  const samples = types.map(async (type) => {
    const inputs = inputsOf(type, 1)
    const statement = bundleStatement([{ id: jobOf(1, type, inputs).id, type }])
    const [result] = await simulateBundle(statement, () => inputs, ownCircuits(() => keys.get(type)!), () => undefined) // prettier-ignore
    return resultJson(result!)
  })
  return Promise.all(samples)
}
