import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchPackage } from '../../sdk/src/content/fetchPackage.js'
import type { ProgramRole, ShimSpec } from '../../sdk/src/content/index.js'
import { ShapeError } from '../../sdk/src/content/shape.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import type { RunOutcome, Runtime, RuntimeName } from '../../sdk/src/runtime/index.js'
import { parseTaskResult } from '../../sdk/src/runtime/TaskResult.js'
import { compileGuest } from '../support/guests/compile.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const NAMES: readonly RuntimeName[] = ['bubblewrap', 'linux', 'nanos']

// Programs made for Gevulot's own file shim, unchanged.
for (const name of NAMES) {
  describe(`runtime: file shim: ${name}`, function () {
    this.timeout(300_000)
    const directory = useTemporaryDirectory()
    let guest: string
    let runtime: Runtime

    before(async function () {
      guest = compileGuest('shim', directory())
      runtime = createRuntime(name, { cacheDirectory: join(directory(), 'cache'), workDirectory: directory() })
      const check = await runtime.check()
      if (check.available) return
      console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
      this.skip()
    })

    async function run(
      mode: string,
      shim: ShimSpec,
      { role = 'prove', inputs = {} }: { role?: ProgramRole; inputs?: Record<string, string> } = {},
    ): Promise<RunOutcome> {
      const store = new DirectoryStore(join(directory(), 'store'))
      const resources = { cores: 1, memoryMiB: 64, outputMiB: 2 }
      const files = [{ path: 'shim', source: guest, executable: true }]
      const { digest } = await buildPackage({ name: 'shim', role, argv: ['/app/shim'], resources, files, shim }, store)
      const at = mkdtempSync(join(directory(), 'in-'))
      const given = Object.entries({ public_inputs: 'seven', ...inputs }).map(([file, text]) => {
        writeFileSync(join(at, file), text)
        return { name: file, path: join(at, file) }
      })
      return runtime.run({
        package: await fetchPackage(digest, store, join(directory(), 'packages')),
        inputs: given,
        args: [mode, '--witness', '/workspace/public_inputs'],
        role,
        workload: '0x1',
        prover: '0x2',
        nonce: 'ab'.repeat(16),
        limits: { ...resources, seconds: 20, logBytes: 4096 },
        outputDirectory: at,
      })
    }

    const proofOf = (outcome: RunOutcome): Buffer => {
      if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome))
      return readFileSync(outcome.files.find((file) => file.name === 'proof')!.path)
    }

    it('finds its task and its inputs, and its file becomes the proof; or its data do', async () => {
      const [file, data] = await Promise.all([run('prove', { proof: 'made.bin' }), run('prove', {})])
      expect(proofOf(file).toString()).to.equal('proof of seven')
      expect(file.log).to.contain(
        `task {"args":["prove","--witness","/workspace/public_inputs"],"files":["public_inputs"],"id":"${'ab'.repeat(16)}"}`,
      )
      expect(proofOf(data)).to.deep.equal(Buffer.from([1, 2, 255]))
      expect(data.kind === 'ok' && data.files.map((made) => made.name)).to.deep.equal(['proof', 'made.bin'])
    })

    it('judges with the data that were said to mean "valid"', async () => {
      const judge = (proof: string): Promise<RunOutcome> =>
        run('judge', { valid: '01' }, { role: 'verify', inputs: { proof } })
      const [good, bad] = await Promise.all([judge('proof of seven'), judge('proof of eight')])
      expect(good).to.have.property('kind', 'valid')
      expect(bad).to.include({ kind: 'invalid', reason: "the program's data are 00" })
      expect(await run('fail', { valid: '01' }, { role: 'verify' })).to.include({
        kind: 'invalid',
        reason: 'no such circuit',
      })
    })

    it('is not believed what it may not say', async () => {
      const [failed, other, input, escape, silent, odd] = await Promise.all([
        run('fail', {}),
        run('other-task', { proof: 'made.bin' }),
        run('input-as-proof', { proof: 'public_inputs' }),
        run('escape', {}),
        run('silent', {}),
        run('odd', {}),
      ])
      expect(failed).to.include({ kind: 'program-error', text: 'no such circuit' })
      expect(other)
        .to.have.property('reason')
        .that.matches(/the id of another task/)
      expect(input)
        .to.have.property('reason')
        .that.matches(/public_inputs is not a regular file/)
      expect(escape)
        .to.have.property('reason')
        .that.matches(/not allowed/)
      expect(silent)
        .to.have.property('reason')
        .that.matches(/wrote no task_result\.json/)
      expect(odd)
        .to.have.property('reason')
        .that.matches(/0 to 255/)
      for (const outcome of [other, input, escape, silent, odd]) expect(outcome.kind).to.equal('no-result')
    })

    it('cannot be given an input that stands for something else', async () => {
      await rejected(run('prove', {}, { inputs: { 'task.json': '{}' } }), 'RUNTIME_JOB_INVALID')
      await rejected(run('prove', {}, { inputs: { 'task_result.json': '{}' } }), 'RUNTIME_JOB_INVALID')
    })
  })
}

describe('runtime: file shim: result', () => {
  it('is read as a stranger wrote it', () => {
    const read = (value: unknown): unknown => parseTaskResult(Buffer.from(JSON.stringify(value)))
    const good = { id: 'a', data: [1], files: ['b', '/workspace/c'] }
    expect(read({ Ok: good })).to.deep.equal({ id: 'a', data: Uint8Array.of(1), files: ['b', 'c'] })
    expect(read({ Err: 'why' })).to.deep.equal({ error: 'why' })
    const bad: readonly unknown[] = [
      null,
      {},
      { Ok: null },
      { Err: 1 },
      { Ok: { ...good, id: 1 } },
      { Ok: { ...good, data: [-1] } },
      { Ok: { ...good, data: 'AQ==' } },
      { Ok: { ...good, files: ['../x'] } },
      { Ok: { ...good, files: ['/etc/passwd'] } },
      { Ok: { ...good, files: ['b', '/workspace/b'] } },
      { Ok: { ...good, files: Array.from({ length: 65 }, (_, index) => `f${index}`) } },
    ]
    for (const value of bad) expect(() => read(value), JSON.stringify(value)).to.throw(ShapeError)
  })
})
