import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { dirname, join } from 'node:path'
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
/** `LARGE_INPUT_MIB=1024` for a GiB; the default keeps a run on a busy machine short. */
const LARGE_INPUT_MIB = Number(process.env['LARGE_INPUT_MIB'] ?? 160)
const PROVE: CommandSpec = { outputs: { proof: '/out/made' }, exit: { 0: 'ok', 4: 'error' } }
const VERIFY: CommandSpec = { outputs: {}, exit: { 0: 'valid', 1: 'invalid' } }

for (const name of NAMES) {
  /** In a unikernel the program is the only process and there is but one user; usage is that of the whole machine. */
  const unikernel = name === 'nanos'
  describe(`runtime conformance: ${name}`, function () {
    // A virtual machine boots in seconds where others keep the processor busy.
    this.timeout(300_000)
    const directory = useTemporaryDirectory()
    let guest: string
    let runtime: Runtime
    let listener: Server
    let abstractListener: Server
    let abstractName: string

    before(async function () {
      guest = compileGuest('guest', directory())
      runtime = createRuntime(name, { cacheDirectory: join(directory(), 'cache'), workDirectory: directory() })
      listener = createServer().listen(0, '127.0.0.1')
      // A name without a file: whoever shares our network namespace can connect to it.
      abstractName = `gevulot-${process.pid}-${name}`
      abstractListener = createServer().listen(`\0${abstractName}`)
      const check = await runtime.check()
      if (check.available) return
      console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
      this.skip()
    })
    after(() => [listener, abstractListener].forEach((server) => server.close()))
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

    /** A package of ten thousand files, laid out as the cache would, without as many files in a store. */
    async function manyFiles(): Promise<LocalPackage> {
      const { digest, manifest } = await install('ten-thousand', {})
      const at = mkdtempSync(join(directory(), 'many-'))
      const files = join(at, 'files')
      mkdirSync(join(files, 'many'), { recursive: true })
      copyFileSync(guest, join(files, 'guest'))
      chmodSync(at, 0o755)
      const listed = Array.from({ length: 10_000 }, (_, index) => {
        const path = `many/${Math.floor(index / 100)}/${index}`
        if (index % 100 === 0) mkdirSync(join(files, dirname(path)))
        writeFileSync(join(files, path), String(index))
        return { path, sha256: '', size: String(index).length, mode: '0644' as const }
      })
      return { digest, manifest: { ...manifest, files: [...manifest.files, ...listed] }, directory: at, files }
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
      expect(outcome.usage.wallSeconds).to.be.within(0, 19)
    })

    it('hands arguments and environment over as they are', async () => {
      const argv = [
        '',
        ' ',
        'a=b',
        '"quoted"',
        "it's",
        'back\\slash',
        '$HOME',
        '(x:1)',
        'ä€😀',
        '[list]',
        'x'.repeat(4000),
      ]
      const env = { EMPTY: '', SPACE: ' a b ', JSON: '{"a":[1]}', TUPLE: '(a:b)', LONG: 'y'.repeat(4000) }
      const outcome = await run('say', { argv, env, limits: { logBytes: 65_536 } })
      expectProof(outcome)
      const lines = outcome.log.split('\n').filter((line) => /^[[{]/.test(line))
      const spoken = Object.entries(env).map(([key, value]) => `{${key}=${value}}`)
      const unspoken = lines.filter((line) => /^\{(UNIKERNEL|PWD)=/.test(line))
      expect(lines.filter((line) => !unspoken.includes(line)).sort()).to.deep.equal(
        [...argv.map((text) => `[${text}]`), ...spoken].sort(),
      )
      expect(lines.slice(0, argv.length)).to.deep.equal(argv.map((text) => `[${text}]`))
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

    it('tells exit codes and signals apart', async () => {
      const codes = [1, 42, 68, 127, 128, 255]
      const exits = await Promise.all(codes.map((code) => run('code', { argv: [String(code)] })))
      exits.forEach((outcome, index) => expect(outcome).to.include({ kind: 'crash', exitCode: codes[index] }))
      // bubblewrap reports signal n as exit code 128 + n, so it cannot tell this code from SIGKILL.
      const ambiguous = await run('code', { argv: ['137'] })
      if (name === 'bubblewrap') expect(ambiguous).to.include({ kind: 'crash', signal: 9 })
      else expect(ambiguous).to.include({ kind: 'crash', exitCode: 137 })
      const [segv, ill, term] = await Promise.all([run('segv'), run('ill'), run('raise', { argv: ['15'] })])
      expect(segv).to.include({ kind: 'crash', signal: 11 })
      expect(ill).to.include({ kind: 'crash', signal: 4 })
      // Nanos names the signal of a fault only; one that was sent it reports like an exit code.
      expect(term).to.include(unikernel ? { kind: 'crash', exitCode: 15 } : { kind: 'crash', signal: 15 })
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
      'linked-directory': /not a regular file/,
      absolute: /not allowed/,
      below: /not allowed/,
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
        // A timer may fire a fraction of a millisecond early, and on a busy machine late; without the limit it would be twenty seconds.
        expect(outcome.usage.wallSeconds).to.be.within(0.49, 19)
      }
    })

    it('measures what a program used', async () => {
      const { usage } = await run('burn')
      // In a unikernel the processor's clock is that on the wall, which on a busy machine runs without it.
      expect(usage.cpuSeconds).to.be.within(unikernel ? 0.05 : 0.2, name === 'bubblewrap' ? 3 : 20)
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
      expect(outcome.usage.wallSeconds).to.be.lessThan(19)
    })

    it('has no network', async () => {
      const { port } = listener.address() as AddressInfo
      expectProof(await run('network', { env: { PORT: String(port), ABSTRACT: abstractName } }))
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

    it('starts nothing that is no program for this machine', async () => {
      const elf = readFileSync(guest)
      const arm = Buffer.from(elf)
      arm.writeUInt16LE(183, 18)
      const script = Buffer.from('#!/bin/sh\necho never')
      // Refused before any runtime sees it.
      for (const source of [arm, script, elf.subarray(0, 60)])
        await rejected(run('ok', { files: [{ path: 'guest', source, executable: true }] }), 'CONTENT_FILE_INVALID')
      const cut = { path: 'guest', source: elf.subarray(0, 64), executable: true }
      const outcome = await run('ok', { files: [cut] })
      expect(outcome.kind, JSON.stringify(outcome)).to.equal('crash')
    })

    it('starts no dynamic program without its library', async () => {
      const loader = 'lib64/ld-linux-x86-64.so.2'
      const files = [
        { path: 'guest', source: compileGuest('guest', directory(), 'dynamic'), executable: true },
        { path: loader, source: realpathSync(`/${loader}`), executable: true },
      ]
      const outcome = await run('ok', { files })
      expect(outcome).to.include({ kind: 'crash', exitCode: 127 })
      expect(outcome.log).to.contain('libc.so.6')
    })

    it('reads and writes ten thousand files', async () => {
      const many = await manyFiles()
      const outcome = await run('ten-thousand', { limits: { outputMiB: 64, seconds: 240 }, job: { package: many } })
      expectProof(outcome)
      expect(readdirSync(outcome.kind === 'ok' ? dirname(outcome.files[0]!.path) : '')).to.deep.equal(['proof'])
    })

    it('streams an input that is larger than its memory', async () => {
      const MiB = LARGE_INPUT_MIB
      const path = join(directory(), 'large')
      const file = await open(path, 'w')
      const words = Array.from({ length: MiB }, (_, index) => BigInt(index * 1_000_003 + 1))
      for (const [index, word] of words.entries()) {
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64LE(word)
        await file.write(bytes, 0, 8, index * 2 ** 20 + (index % 1000) * 8)
      }
      await file.truncate(MiB * 2 ** 20).finally(() => file.close())
      const before = process.memoryUsage().rss
      const outcome = await run('large', { limits: { seconds: 600 }, job: { inputs: [{ name: 'large', path }] } })
      expectProof(outcome)
      const sum = words.reduce((total, word) => total + word, 0n)
      expect(outcome.log).to.contain(`${MiB * 2 ** 20} bytes, sum ${sum}\n`)
      // What we need for it ourselves does not grow with it.
      expect(process.memoryUsage().rss - before).to.be.lessThan(128 * 2 ** 20)
    }).timeout(900_000)

    it('has a clock that is right and runs', async () => {
      expectProof(await run('clock', { args: [String(Math.floor(Date.now() / 1000))] }))
    })

    it('follows no name or link that a program made', async () => {
      const [odd, hard] = await Promise.all([run('odd-names'), run('hard-link')])
      expectProof(odd)
      expect(hard).to.include({ kind: 'crash', exitCode: 84 })
    })

    if (name === 'bubblewrap') {
      it('refuses system calls that no prover needs', async () => {
        expectProof(await run('refused'))
        // The calls of 32-bit programs have other numbers: SIGSYS.
        expect(await run('int80')).to.include({ kind: 'crash', signal: 31 })
      })
    }

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
