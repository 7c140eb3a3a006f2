import { mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildPackage, type SourceFile } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchPackage, type LocalPackage } from '../../sdk/src/content/fetchPackage.js'
import type { CommandSpec, ProgramRole } from '../../sdk/src/content/PackageManifest.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import type { RunJob, RunLimits, Runtime, RuntimeName } from '../../sdk/src/runtime/Runtime.js'
import type { RunOutcome } from '../../sdk/src/runtime/RunOutcome.js'
import { compileGuest } from '../support/guests/compile.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

interface Options {
  readonly argv?: readonly string[]
  readonly role?: ProgramRole
  readonly env?: Record<string, string>
  readonly command?: CommandSpec
  readonly args?: readonly string[]
  readonly limits?: Partial<RunLimits>
  readonly job?: Partial<RunJob>
  readonly files?: readonly SourceFile[]
}

const NAMES: readonly RuntimeName[] = ['bubblewrap', 'linux', 'nanos']
const PROVE: CommandSpec = { outputs: { proof: '/out/made' }, exit: { 0: 'ok', 4: 'error' } }
const VERIFY: CommandSpec = { outputs: {}, exit: { 0: 'valid', 1: 'invalid' } }

for (const name of NAMES) {
  /** In a unikernel the program is the only process and there is but one user; usage is that of the whole machine. */
  const unikernel = name === 'nanos'
  describe(`runtime conformance: ${name}`, function () {
    this.timeout(60_000)
    const directory = useTemporaryDirectory()
    let guest: string
    let runtime: Runtime
    let listener: Server

    before(async function () {
      guest = compileGuest('guest', directory())
      runtime = createRuntime(name, { cacheDirectory: join(directory(), 'cache'), workDirectory: directory() })
      listener = createServer().listen(0, '127.0.0.1')
      const check = await runtime.check()
      if (check.available) return
      console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
      this.skip()
    })
    after(() => listener.close())
    // Whatever happened, nothing is left on the disk.
    afterEach(() =>
      expect(readdirSync(directory()).filter((entry) => /^gevulot-(job|probe)-/.test(entry))).to.deep.equal([]),
    )

    async function install(mode: string, options: Options): Promise<LocalPackage> {
      const store = new DirectoryStore(join(directory(), 'store'))
      const { digest } = await buildPackage(
        {
          name: mode,
          role: options.role ?? 'prove',
          argv: ['/app/guest', mode, ...(options.argv ?? [])],
          env: { ...(unikernel && { UNIKERNEL: '1' }), ...options.env },
          resources: { cores: 1, memoryMiB: 64, outputMiB: 2 },
          ...(options.command && { command: options.command }),
          files: options.files ?? [{ path: 'guest', source: guest, executable: true }],
        },
        store,
      )
      return fetchPackage(digest, store, join(directory(), 'packages'))
    }

    async function run(mode: string, options: Options = {}): Promise<RunOutcome> {
      const publicInputs = join(directory(), 'public_inputs')
      writeFileSync(publicInputs, 'public')
      return runtime.run({
        package: await install(mode, options),
        inputs: [{ name: 'public_inputs', path: publicInputs }],
        args: options.args ?? [],
        role: options.role ?? 'prove',
        workload: '0xabc',
        prover: '0xdef',
        limits: { seconds: 20, cores: 1, memoryMiB: 64, outputMiB: 2, logBytes: 4096, ...options.limits },
        outputDirectory: mkdtempSync(join(directory(), 'out-')),
        ...options.job,
      })
    }

    function expectProof(outcome: RunOutcome): void {
      if (outcome.kind !== 'ok') throw new Error(`${outcome.kind}: ${JSON.stringify(outcome)}`)
      expect(outcome.files.map((file) => file.name)).to.deep.equal(['proof'])
      expect(readFileSync(outcome.files[0]!.path, 'utf8')).to.equal('proof bytes\n')
    }

    it('runs a prover: arguments, environment, job, log, proof', async () => {
      const seen: string[] = []
      const outcome = await run('ok', {
        argv: ['with space'],
        env: { COLOUR: 'deep blue' },
        args: ['seven', '7'],
        job: { onLog: (text) => seen.push(text) },
      })
      expectProof(outcome)
      expect(outcome.log).to.contain('\\x1b[31mhello from /app/guest\n').and.to.contain('and from stderr')
      expect(seen.join('')).to.equal(outcome.log)
      expect(outcome.usage.wallSeconds).to.be.within(0, 10)
    })

    it('runs a verifier', async () => {
      const [valid, invalid] = await Promise.all([run('valid', { role: 'verify' }), run('invalid', { role: 'verify' })])
      expect(valid).to.have.property('kind', 'valid')
      expect(invalid).to.include({ kind: 'invalid', reason: 'the pairing does not hold' })
    })

    it('tells how a program failed', async () => {
      const [error, exit, abort] = await Promise.all([run('error'), run('exit'), run('abort')])
      expect(error).to.include({ kind: 'program-error', text: 'no such circuit' })
      expect(exit).to.include({ kind: 'crash', exitCode: 3 })
      expect(abort).to.include({ kind: 'crash', signal: 6 })
    })

    it('believes no result of a program that crashed', async () => {
      const [exit, abort] = await Promise.all([run('ok-exit'), run('ok-abort')])
      expect(exit).to.include({ kind: 'crash', exitCode: 3 })
      expect(abort).to.include({ kind: 'crash', signal: 6 })
    })

    const unbelievable: Readonly<Record<string, RegExp>> = {
      'no-result': /no result\.json/,
      'no-json': /not JSON/,
      'big-result': /larger than/,
      'wrong-nonce': /nonce/,
      'wrong-role': /not valid/,
      'wrong-size': /bytes/,
      'wrong-sha256': /sha-256/,
      'no-proof': /names no proof/,
      missing: /missing/,
      traversal: /not allowed/,
      link: /not a regular file/,
      'link-result': /not a regular file/,
      fifo: /not a regular file/,
      directory: /not a regular file/,
    }
    it('believes no false result', async () => {
      const modes = Object.keys(unbelievable)
      // Two at a time: a microVM spends half of its life waiting.
      const worker = async (): Promise<void> => {
        for (let mode = modes.pop(); mode !== undefined; mode = modes.pop()) {
          const outcome = await run(mode)
          if (unikernel && mode === 'fifo') {
            // There are no pipes with a name, which the program takes for a failure.
            expect(outcome).to.include({ kind: 'crash', exitCode: 92 })
            continue
          }
          expect(outcome.kind, `${mode}: ${outcome.log}`).to.equal('no-result')
          expect(outcome, mode).to.have.property('reason').that.matches(unbelievable[mode]!)
        }
      }
      await Promise.all([worker(), worker()])
    })

    it('ends a program at the time limit', async () => {
      const outcomes = await Promise.all(['hang', 'spin'].map((mode) => run(mode, { limits: { seconds: 0.5 } })))
      for (const outcome of outcomes) {
        expect(outcome.kind).to.equal('timeout')
        expect(outcome.usage.wallSeconds).to.be.within(0.5, 2)
      }
    })

    it('measures what a program used', async () => {
      const { usage } = await run('burn')
      expect(usage.cpuSeconds).to.be.within(0.2, 3)
      expect(usage.peakMemoryMiB).to.be.within(30, unikernel ? 256 : 64)
      expect(usage.accel).to.be.oneOf(name === 'bubblewrap' ? [undefined] : ['tcg', 'kvm'])
    })

    it('survives a flood of output', async () => {
      const outcome = await run('flood', { limits: { seconds: 1 } })
      expect(outcome.kind).to.equal('timeout')
      expect(outcome.log.length).to.be.within(1000, 5000)
      expect(outcome.log).to.contain('output left out')
    })

    it('limits memory', async () => {
      const outcome = await run('oom')
      expect(outcome.kind, outcome.log).to.equal('out-of-memory')
    })

    it('limits output: bytes, claimed bytes, and files', async () => {
      const [fill, sparse, many] = await Promise.all([
        run('fill'),
        run('sparse'),
        run('many-files', { limits: { seconds: 1 } }),
      ])
      expect(fill).to.have.property('kind', 'disk-full')
      expect(sparse).to.have.property('kind').oneOf(['disk-full', 'no-result'])
      expect(many).to.have.property('kind').oneOf(['disk-full', 'timeout'])
    })

    it('bounds a fork bomb', async () => {
      const outcome = await run('forkbomb', { limits: { seconds: 1 } })
      expect(outcome.kind).to.equal('timeout')
    })

    it('ends what a program leaves behind', async () => {
      const outcome = await run('orphan')
      expectProof(outcome)
      expect(outcome.usage.wallSeconds).to.be.lessThan(10)
    })

    it('has no network', async () => {
      expectProof(await run('network', { env: { PORT: String((listener.address() as AddressInfo).port) } }))
    })

    it('shows nothing of the host, and lets nothing be changed', async () => {
      const outcome = await run('look-around')
      expect(outcome.log).not.to.contain('BREACH')
      expectProof(outcome)
    })

    it('runs a dynamic program from a package of many files', async () => {
      const loader = 'lib64/ld-linux-x86-64.so.2'
      const libc = 'lib/x86_64-linux-gnu/libc.so.6'
      const files = [
        { path: 'guest', source: compileGuest('guest', directory(), 'dynamic'), executable: true },
        { path: loader, source: realpathSync(`/${loader}`), executable: true },
        { path: libc, source: realpathSync(`/${libc}`) },
        ...Array.from({ length: 300 }, (_, index) => ({
          path: `deep/er/${String(index).padStart(3, '0')}-a-name-long-enough-to-need-several-blocks-of-names`,
          source: Buffer.from(String(index)),
        })),
      ]
      // Without its libraries it cannot start: those of the host are not there.
      const [whole, bare] = await Promise.all([run('package', { files }), run('package', { files: files.slice(0, 1) })])
      expectProof(whole)
      expect(bare).to.include({ kind: 'crash', exitCode: 127 })
    })

    it('has threads', async () => {
      expectProof(await run('threads'))
    })

    it('runs unmodified commands', async () => {
      const [made, failed, unnamed] = await Promise.all([
        run('copy', { argv: ['/out/made', '{arg:1}'], args: ['-', '0'], command: PROVE }),
        run('copy', { argv: ['/out/made', '{arg:1}'], args: ['-', '4'], command: PROVE }),
        run('copy', { argv: ['/out/made', '5'], command: PROVE }),
      ])
      if (made.kind !== 'ok') throw new Error(JSON.stringify(made))
      expect(readFileSync(made.files[0]!.path, 'utf8')).to.equal('public')
      expect(failed).to.include({ kind: 'program-error', text: 'copied with 4\n' })
      expect(unnamed).to.include({ kind: 'crash', exitCode: 5 })
      const [elsewhere, valid, invalid] = await Promise.all([
        run('copy', { argv: ['/out/elsewhere', '0'], command: PROVE }),
        run('copy', { role: 'verify', argv: ['/out/x', '0'], command: VERIFY }),
        run('copy', { role: 'verify', argv: ['/out/x', '1'], command: VERIFY }),
      ])
      expect(elsewhere).to.have.property('kind', 'no-result')
      expect(valid).to.have.property('kind', 'valid')
      expect(invalid).to.include({ kind: 'invalid', reason: 'copied with 1\n' })
    })

    it('refuses jobs that contradict the contract', async () => {
      await rejected(run('copy', { argv: ['{arg:1}', '0'], args: ['only one'], command: PROVE }), 'RUNTIME_JOB_INVALID')
      await rejected(run('ok', { job: { role: 'verify' } }), 'RUNTIME_JOB_INVALID')
      await rejected(run('ok', { job: { inputs: [{ name: '../x', path: guest }] } }), 'RUNTIME_JOB_INVALID')
      await rejected(run('ok', { limits: { memoryMiB: 0 } }), 'RUNTIME_JOB_INVALID')
    })

    it('stops when told', async () => {
      const stop = new AbortController()
      const outcome = await run('hang', { job: { signal: stop.signal, onLog: () => stop.abort() } })
      expect(outcome.kind).to.equal('aborted')
      expect(await run('hang', { job: { signal: AbortSignal.abort() } })).to.have.property('kind', 'aborted')
    })

    it('runs several jobs at once', async () => {
      const outcomes = await Promise.all(['threads', 'exit', 'threads'].map((mode) => run(mode)))
      expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(['ok', 'crash', 'ok'])
    })
  })
}
