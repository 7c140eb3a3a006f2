import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { freemem } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { keyOf } from '../../programs/aztec-jobs/build.js'
import { buildProvingPackages, type ProvableType } from '../../programs/aztec-jobs/proving/build.js'
import { ownCircuits, simulateBundle } from '../../programs/aztec-jobs/simulate.js'
import { runPackage } from '../../programs/support/run.js'
import { runnableBb } from '../../scripts/aztec/setup/packages.js'
import { Setup } from '../../scripts/aztec/setup/Setup.js'
import { root } from '../../scripts/lib/artifacts.js'
import { bundleProof, bundleStatement, inputName, readBundleProof } from '../../sdk/src/aztec/protocol/bundle.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { readResult, type JobResult } from '../../sdk/src/aztec/protocol/result.js'
import type { BuiltPackage } from '../../sdk/src/content/index.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'
import { sandboxWorks } from '../programs/support.js'
import { until } from '../support/aztec/AdapterBench.js'
import { customerOf } from '../support/aztec/customerOf.js'
import { inputsOf, jobOf, Producer, resultIn } from '../support/aztec/Producer.js'
import { RealBroker } from '../support/aztec/RealBroker.js'
import { TestNetwork } from '../support/network/TestNetwork.js'
import { WorkerProcess } from '../support/network/WorkerProcess.js'

const packages = process.env['AZTEC_PACKAGES']
const ADAPTER = 'test/support/aztec/adapterMain.ts'
const TYPE = 'CHECKPOINT_PADDING_ROLLUP'
const HEAVY_MIB = 6144
const LIMIT_SECONDS = 900

// Aztec's own circuits, proven and verified by its own bb, with development parameters: as a job of its own broker, through everything of ours.
describe("aztec: jobs of Aztec's circuits that are proven for real", function () {
  this.timeout(1_800_000)
  let bb: string
  let network: TestNetwork | undefined
  let broker: RealBroker | undefined
  let built: { readonly prover: BuiltPackage; readonly verifier: BuiltPackage }
  let adapter: WorkerProcess | undefined

  before(async function () {
    if (packages === undefined || !(await sandboxWorks())) {
      const why = packages === undefined ? "Aztec's packages are not installed; npm run test:aztec does it" : 'this machine cannot make a bubblewrap sandbox' // prettier-ignore
      console.log(`    SKIP: ${why}`)
      return this.skip()
    }
    bb = await runnableBb(new Setup(), packages)
    network = await TestNetwork.start()
    broker = await new RealBroker(packages, 30_000).start()
    built = await buildProvingPackages({ store: content(), packages, bb, types: [TYPE] })
  })
  after(async () => {
    await adapter?.kill()
    await broker?.stop()
    await network?.stop()
  })

  const at = (...path: readonly string[]): string => join(network!.directory, ...path)
  const content = (): DirectoryStore => new DirectoryStore(at('content'))

  /** Runs a package as a prover or validator would. */
  function run(what: BuiltPackage, files: Readonly<Record<string, Uint8Array>>): ReturnType<typeof runPackage> {
    const runtime = createRuntime('bubblewrap', { cacheDirectory: at('runtime') })
    const cacheDirectory = at('packages')
    const whom = { workload: `0x${'1a'.repeat(32)}`, prover: `0x${'2b'.repeat(20)}` }
    return runPackage(runtime, what, content(), files, { ...whom, cacheDirectory, seconds: LIMIT_SECONDS })
  }

  it("a job of Aztec's broker: proven by a worker, verified by the adapter, reported, and decoded by Aztec's own code", async () => {
    if (network === undefined || broker === undefined) throw new TypeError('unreachable: both are started before')
    const { program } = await network.requester.deployProgram({
      prover: built.prover.digest,
      verifierProgram: built.verifier.digest,
    })
    const lane = { program, types: [TYPE], bundleWaitMs: 500, pace: 60, spareSeconds: 300 } as const
    const { config } = await customerOf(network, broker.url, [lane])
    const worker = await network.startWorker(await network.addOperator('alice'))
    await network.chain.mineEvery(1)
    adapter = WorkerProcess.start(config, ADAPTER)
    const producer = new Producer(broker.url)
    const job = producer.job(1, TYPE)
    await producer.enqueue(job)
    const status = await until(
      async () => {
        const now = await producer.status(job)
        return now.status === 'fulfilled' ? now : undefined
      },
      () => `${job.id} is open\n${adapter?.tail() ?? ''}\n---\n${worker.tail()}`,
      LIMIT_SECONDS,
    )
    expect(readResult(parseJobId(job.id).type, resultIn(status).result).simulated).to.equal(false)
    const said = adapter.lines.find(({ message }) => message === 'results are there')
    expect(said).to.deep.include({ simulated: false, development: true })
    const samples = at('samples.json')
    await writeFile(samples, JSON.stringify([JSON.stringify(resultIn(status))]))
    const script = [join(root, 'scripts/aztec/facts.mjs'), packages!, samples]
    const options = { encoding: 'utf8', maxBuffer: 2 ** 26, env: { ...process.env, LOG_LEVEL: 'silent' } } as const
    const { stdout, stderr } = spawnSync(process.execPath, script, options)
    const { decoded } = JSON.parse(stdout || JSON.stringify({ decoded: stderr })) as { readonly decoded: unknown }
    expect(decoded).to.deep.equal([{ type: TYPE, same: true }])
  })

  it('its verifier takes that, and nothing that was changed, forged or only simulated', async () => {
    const { statement, files, jobs } = bundleOf([TYPE])
    const made = await run(built.prover, files)
    expect(made.outcome.kind, JSON.stringify(made.outcome)).to.equal('ok')
    const [right] = readBundleProof(jobs, made.files.get('proof')!)
    expect(right).to.deep.include({ simulated: false, development: true })
    const [simulated] = await simulateBundle(statement, () => new Uint8Array(), ownCircuits(() => right!.verificationKey!), () => undefined) // prettier-ignore
    const verdict = async (result: JobResult): Promise<string> => {
      const { outcome } = await run(built.verifier, { ...files, proof: bundleProof(statement, [result]) })
      return outcome.kind
    }
    expect(await verdict(right!)).to.equal('valid')
    const { development, ...unsaid } = right!
    expect(development).to.equal(true)
    const wrong: Readonly<Record<string, JobResult>> = {
      simulated: simulated!,
      'not said to rest on development parameters': unsaid,
      // In both forms, so that the form is right: a number of sumcheck, and half a point, at which bb breaks off.
      'one bit of it': { ...right!, proof: flipped(right!.proof, 200) },
      'a point of it': { ...right!, proof: flipped(right!.proof, 518) },
      'another public input': { ...right!, proof: flippedInput(right!.proof) },
      'other outputs': { ...right!, publicInputs: changed(right!.publicInputs!, 31) },
    }
    for (const [name, result] of Object.entries(wrong)) expect(await verdict(result), name).to.equal('invalid')
  })

  it('PARITY_BASE, of 2.3 million gates', async function () {
    if (process.env['PROGRAM_TESTS'] !== 'full' || freemem() < HEAVY_MIB * 2 ** 20) {
      console.log('      SKIP PARITY_BASE: a minute of two quiet cores, 4 GB and 256 MiB of points; PROGRAM_TESTS=full and 6 GiB of free memory have it proven') // prettier-ignore
      return this.skip()
    }
    const heavy = await buildProvingPackages({ store: content(), packages: packages!, bb, types: ['PARITY_BASE'] })
    const { statement, files, jobs } = bundleOf(['PARITY_BASE'])
    const made = await run(heavy.prover, files)
    expect(made.outcome.kind, JSON.stringify(made.outcome)).to.equal('ok')
    const proof = made.files.get('proof')!
    const [right] = readBundleProof(jobs, proof)
    const key = await keyOf('PARITY_BASE')
    const [own] = await simulateBundle(statement, () => files[inputName(0)]!, ownCircuits(() => key), () => undefined) // prettier-ignore
    expect(Buffer.from(right!.publicInputs!).equals(own!.publicInputs!)).to.equal(true)
    expect((await run(heavy.verifier, { ...files, proof })).outcome.kind).to.equal('valid')
    const wrong = bundleProof(statement, [{ ...right!, proof: flipped(right!.proof, 200) }])
    expect((await run(heavy.verifier, { ...files, proof: wrong })).outcome.kind).to.equal('invalid')
  })
})

/** A bundle with a job of each type. */
function bundleOf(types: readonly ProvableType[]) {
  const jobs = types.map((type) => ({ id: jobOf(1, type, inputsOf(type, 1)).id, type }))
  const statement = bundleStatement(jobs)
  const inputs = types.map((type, index) => [inputName(index), inputsOf(type, 1)] as const)
  const files: Readonly<Record<string, Uint8Array>> = { public_inputs: statement, ...Object.fromEntries(inputs) }
  return { jobs, statement, files }
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** The last bit of a field of a serialized proof, in both of its forms. */
function flipped(proof: Uint8Array, field: number): Uint8Array {
  const count = Buffer.from(proof).readUInt32BE(0)
  const end = proof.length - 5
  return changed(changed(proof, 4 + field * 32 + 31), end - (count - field) * 32 + 31)
}

/** The last bit of the first public input that stands before the proof. */
function flippedInput(proof: Uint8Array): Uint8Array {
  const count = Buffer.from(proof).readUInt32BE(0)
  return changed(proof, 4 + count * 32 + 4 + 31)
}
