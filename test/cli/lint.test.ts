import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { lintProgram, type Finding, type LintOptions, type LintReport } from '../../sdk/src/cli/lint/lintProgram.js'
import { mutationsOf } from '../../sdk/src/cli/lint/mutations.js'
import { readAcknowledgements } from '../../sdk/src/cli/lint/readAcknowledgements.js'
import { rules } from '../../sdk/src/cli/lint/rules/index.js'
import { buildPackage, canonicalJson, DirectoryStore, type Digest, type PackageSpec } from '../../sdk/src/content/index.js' // prettier-ignore
import { createRuntime, type Runtime } from '../../sdk/src/runtime/index.js'
import { runCli } from '../support/cli.js'
import { compileGuest } from '../support/guests/compile.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const KEY = Buffer.from(Array.from({ length: 96 }, (_, index) => (index * 37 + 11) % 256))
const RESOURCES = { cores: 1, memoryMiB: 64, outputMiB: 1 }
const LABEL = 'development-parameters: anyone can forge'
const TSX = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href

type Options = Partial<Omit<LintOptions, 'maxRunTime'>> & { readonly maxRunTime?: number | undefined }

describe('cli: program lint', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  const path = (name: string): string => join(directory(), name)
  let store: DirectoryStore
  let runtime: Runtime
  let guest: string
  let good: { readonly prover: Digest; readonly verifier: Digest }

  before(async function () {
    runtime = createRuntime('bubblewrap', { cacheDirectory: path('runtime') })
    const check = await runtime.check()
    if (!check.available) {
      console.log(`      SKIP: ${check.reason} (${check.fix})`)
      return this.skip()
    }
    guest = compileGuest('linted', directory())
    store = new DirectoryStore(path('content'))
    writeFileSync(path('public_inputs'), Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 2)]))
    writeFileSync(path('vk'), KEY)
    good = await program()
  })

  /** A package of the guest; `words` plant faults. */
  async function pack(
    role: 'prove' | 'verify',
    words: string,
    spec: Partial<PackageSpec> = {},
    key: Buffer = KEY,
  ): Promise<Digest> {
    const { digest } = await buildPackage(
      {
        name: `linted-${role}`,
        role,
        argv: ['/app/guest', role, ...words.split(' ').filter(Boolean)],
        resources: RESOURCES,
        command:
          role === 'prove'
            ? { outputs: { proof: '/out/proof' }, exit: { '0': 'ok' } }
            : { outputs: {}, exit: { '0': 'valid', '1': 'invalid' } },
        ...spec,
        files: [
          { path: 'guest', source: guest, executable: true },
          { path: 'verifying.key', source: key },
          ...(spec.files ?? []),
        ],
      },
      store,
    )
    return digest
  }

  /** Both packages with the same faults. */
  async function program(words = '', spec: Partial<PackageSpec> = {}, key: Buffer = KEY) {
    return { prover: await pack('prove', words, spec, key), verifier: await pack('verify', words, spec, key) }
  }

  const lint = (packages: Pick<LintOptions, 'prover' | 'verifier'>, options: Options = {}) => {
    const { maxRunTime, ...rest } = { maxRunTime: 20, ...options }
    return lintProgram({
      source: store,
      cacheDirectory: path('cache'),
      runtime,
      inputs: [{ name: 'public_inputs', path: path('public_inputs') }],
      ...packages,
      ...rest,
      ...(maxRunTime !== undefined && { maxRunTime }),
    })
  }

  /** What one rule found. */
  const of = ({ findings }: LintReport, rule: string): readonly Finding[] =>
    findings.filter((finding) => finding.rule === rule)

  function expectOne(report: LintReport, rule: string, severity: Finding['severity'], seen: RegExp): void {
    expect(of(report, rule), JSON.stringify(report)).to.have.length(1)
    const [finding] = of(report, rule)
    expect(finding?.severity).to.equal(severity)
    expect(finding?.seen).to.match(seen)
    expect(finding?.todo).to.have.length.greaterThan(20)
    expect(report.passed).not.to.include(rule)
  }

  it('a sound program passes every rule', async () => {
    const report = await lint(good, { build: builds({}), bindsProver: true })
    expect(report).to.deep.equal({
      findings: [],
      passed: rules.map(({ name }) => name),
      unchecked: [],
      unneeded: [],
    })
  })

  it('without a sample and a build it says what it did not check', async () => {
    const report = await lint(good, { inputs: [] })
    expect(report.passed).to.deep.equal(['limits-missing', 'development-parameters', 'key-from-inputs'])
    expect(report.unchecked.map(({ rule }) => rule)).to.deep.equal(
      rules.map(({ name }) => name).filter((name) => !report.passed.includes(name)),
    )
  })

  it('limits-missing: a manifest without one, one that bounds nothing, no time', async () => {
    const manifest = JSON.parse(Buffer.from(await store.get(good.verifier, { maxBytes: 65_536 })).toString()) as object
    const { digest } = await store.put(
      Buffer.from(canonicalJson({ ...manifest, resources: { cores: 1, outputMiB: 1 } })),
    )
    const without = await lint({ ...good, verifier: digest })
    expectOne(without, 'limits-missing', 'error', /verifier's manifest has no resources\.memoryMiB/)
    expect(without.unchecked).to.have.length(rules.length - 1)

    const endless = await program('', { resources: { cores: 1, memoryMiB: 1 << 22, outputMiB: 1 } })
    const report = await lint(endless, { inputs: [], maxRunTime: undefined })
    expect(of(report, 'limits-missing').map(({ severity }) => severity)).to.deep.equal(['error', 'error', 'warning'])
  })

  it('limits-too-tight: an honest run that finds no room', async () => {
    const report = await lint({ ...good, prover: await pack('prove', 'hungry') })
    expectOne(report, 'limits-too-tight', 'error', /prover does not get by with 64 MiB/)
    const near = await lint(
      { ...good, prover: await pack('prove', 'hungry', { resources: { ...RESOURCES, memoryMiB: 210 } }) },
      { mutations: 8 },
    )
    expectOne(near, 'limits-too-tight', 'warning', /\d\.\d of its 210 MiB/)
  })

  it('development-parameters: by label and by name, unless it is for a devnet', async () => {
    const labelled = await program('', { labels: [LABEL] })
    const report = await lint({ ...good, prover: labelled.prover }, { inputs: [] })
    expectOne(report, 'development-parameters', 'error', /linted-prove is labelled "development-parameters/)
    expect(of(await lint(labelled, { inputs: [], devnet: true }), 'development-parameters')).to.deep.equal([])
    const named = await pack('prove', '', { files: [{ path: 'srs/dev_params.bin', source: KEY }] })
    expectOne(await lint({ ...good, prover: named }, { inputs: [] }), 'development-parameters', 'warning', /dev_params/)
  })

  it('sample-refused: a prover that fails, a verifier that refuses', async () => {
    const broken = await lint({ ...good, prover: await pack('prove', 'broken') })
    expectOne(broken, 'sample-refused', 'error', /prover with the sample: it crashed with exit code 3/)
    expect(broken.unchecked.map(({ rule }) => rule)).to.include.members(['mutated-proof', 'workload-unbound'])
    const other = await lint({ ...good, prover: await pack('prove', 'ignore-inputs') })
    expectOne(other, 'sample-refused', 'error', /verifier with the sample: the verifier refuses/)
  })

  it('key-from-inputs: in arguments, variables and scripts, and by what the verifier cannot do without', async () => {
    const inputs = ['public_inputs', 'vk'].map((name) => ({ name, path: path(name) }))
    const real = await lint(await program('key-from-input'), { inputs, mutations: 8 })
    expectOne(real, 'key-from-inputs', 'error', /accepts nothing without the input vk/)
    const renamed = inputs.map((input) => ({ ...input, name: input.name.replace('vk', 'circuit') }))
    const hidden = await lint(await program('key-from-circuit'), { inputs: renamed, mutations: 8 })
    expectOne(hidden, 'key-from-inputs', 'warning', /accepts nothing without the input circuit/)
    expect((await lint(good, { inputs, mutations: 8 })).passed).to.include('key-from-inputs')
    const expected: readonly (readonly [RegExp, Partial<PackageSpec>, string])[] = [
      [/from \/in\/circuit$/, {}, '-k /in/circuit'],
      [/from \/in\/vk\.bin$/, {}, '--public /in/public_inputs --key=/in/vk.bin'],
      [/from \/in\/circuit$/, { env: { VERIFICATION_KEY: '/in/circuit' } }, ''],
      [/from \/in\/verifying-key\.json$/, { files: [{ path: 'v.js', source: Buffer.from("read('/in/verifying-key.json')") }] }, ''], // prettier-ignore
    ]
    for (const [seen, spec, words] of expected) {
      const report = await lint({ ...good, verifier: await pack('verify', words, spec) }, { inputs: [] })
      expectOne(report, 'key-from-inputs', 'error', seen)
    }
    const pinned = await pack('verify', '-k /app/verifying.key -p /in/proof --public /in/public_inputs')
    expect((await lint({ ...good, verifier: pinned }, { inputs: [] })).passed).to.include('key-from-inputs')
  })

  it('key-in-proof: by its bytes, wherever they begin, and by the name of a member', async () => {
    expectOne(
      await lint(await program('key-in-proof')),
      'key-in-proof',
      'error',
      /^96 bytes of the proof are those of verifying\.key in linted-verify$/,
    )
    const parameters = {
      path: 'parameters',
      source: Buffer.concat([Buffer.alloc(4097, 7), KEY.subarray(3, 70), Buffer.alloc(50)]),
    }
    const shifted = await lint(await program('key-in-proof', { files: [parameters] }))
    expect(of(shifted, 'key-in-proof').map(({ severity, seen }) => [severity, seen])).to.deep.include([
      'warning',
      '67 bytes of the proof are those of parameters in linted-verify',
    ])
    const named = await lint(await program('key-in-proof', {}, Buffer.from('{"vk_alpha_1":["1","2"]}')))
    expectOne(named, 'key-in-proof', 'error', /member "vk_alpha_1"/)
  })

  it('public-inputs-unbound: none counts, one word does not count, none was sent', async () => {
    const none = await lint(await program('ignore-inputs'))
    expectOne(none, 'public-inputs-unbound', 'error', /2 of 2 words/)
    const one = await lint(await program('ignore-word'))
    expectOne(one, 'public-inputs-unbound', 'error', /1 of 2 words .* word 1 /)
    writeFileSync(path('empty'), '')
    const empty = await lint(good, { inputs: [{ name: 'public_inputs', path: path('empty') }] })
    expectOne(empty, 'public-inputs-unbound', 'error', /no public inputs/)
  })

  it('workload-unbound: a warning, and an error where the program is to bind', async () => {
    const unbound = await program('ignore-context')
    const seen = /for another workload and for another prover$/
    expectOne(await lint(unbound, { mutations: 8 }), 'workload-unbound', 'warning', seen)
    expectOne(await lint(unbound, { mutations: 8, bindsProver: true }), 'workload-unbound', 'error', seen)
  })

  it('mutated-proof: bits that do not count, lengths that do not, and crashes', async () => {
    const half = await lint({ ...good, verifier: await pack('verify', 'half') })
    expectOne(half, 'mutated-proof', 'error', /accepts \d+ of 24 mutated proofs: .*bit/)
    const longer = await lint({ ...good, verifier: await pack('verify', 'any-length') })
    expectOne(longer, 'mutated-proof', 'error', /accepts 2 of 24 mutated proofs: a byte behind it; 32 bytes behind it$/)
    const crash = await lint({ ...good, verifier: await pack('verify', 'crash') })
    expectOne(crash, 'mutated-proof', 'warning', /no verdict on 5 of 24 .*\(crash\)/)
  })

  it('mutations differ, and are the same for the same seed', () => {
    const names = (count: number, seed: number) => mutationsOf(KEY, count, seed).map(({ what }) => what)
    expect(new Set(names(200, 1)).size).to.equal(200)
    expect(names(24, 1)).to.deep.equal(names(24, 1)).and.not.deep.equal(names(24, 2))
    expect(mutationsOf(Uint8Array.of(7), 50, 1)).to.have.length(12)
    for (const { bytes } of mutationsOf(KEY, 200, 1)) expect(Buffer.compare(bytes, KEY)).not.to.equal(0)
  })

  /** A command that really builds both packages, with something in the verifier. */
  function builds({ content = "''", extra = false }: { readonly content?: string; readonly extra?: boolean }): string {
    const script = path(`build-${content.length}-${extra}.mts`)
    const spec = (role: string, command: string): string =>
      `{ name: 'linted-${role}', role: '${role}', argv: ['/app/guest', '${role}'], resources: ${JSON.stringify(RESOURCES)}, command: ${command},
         files: [{ path: 'guest', source: ${JSON.stringify(guest)}, executable: true }, { path: 'verifying.key', source: Buffer.from('${KEY.toString('hex')}', 'hex') },
                 ${extra ? `{ path: 'made', source: Buffer.from(${content}) }` : ''}] }`
    writeFileSync(
      script,
      `import { buildPackage, DirectoryStore } from ${JSON.stringify(pathToFileURL(join(root, 'sdk/src/content/index.ts')).href)}
       const store = new DirectoryStore(${JSON.stringify(path('rebuilt'))})
       const prover = await buildPackage(${spec('prove', "{ outputs: { proof: '/out/proof' }, exit: { '0': 'ok' } }")}, store)
       const verifier = await buildPackage(${spec('verify', "{ outputs: {}, exit: { '0': 'valid', '1': 'invalid' } }")}, store)
       console.log(JSON.stringify({ prover: prover.digest, verifier: verifier.digest }, null, 2))`,
    )
    return `"${process.execPath}" --import "${TSX}" "${script}"`
  }

  it('not-reproducible: a time in a file, and packages of another source', async () => {
    const timed = await lint(good, { inputs: [], build: builds({ content: 'String(process.hrtime())', extra: true }) })
    expectOne(timed, 'not-reproducible', 'error', /two builds/)
    const zoned = await lint(good, { inputs: [], build: builds({ content: 'new Date(0).toString()', extra: true }) })
    expectOne(zoned, 'not-reproducible', 'error', /two builds/)
    const stale = await lint(good, { inputs: [], build: builds({ content: "'other'", extra: true }) })
    expectOne(stale, 'not-reproducible', 'error', /another prover and another verifier than this one/)
    await rejected(lint(good, { inputs: [], build: 'echo made' }), 'LINT_BUILD_FAILED')
    await rejected(lint(good, { inputs: [], build: 'echo no compiler; exit 3' }), 'LINT_BUILD_FAILED')
  })

  it('a warning can be acknowledged with a reason, an error cannot', async () => {
    const write = (acknowledged: unknown): string => {
      writeFileSync(path('lint.json'), JSON.stringify({ schema: 'gevulot/lint@1', acknowledged }))
      return path('lint.json')
    }
    const acknowledged = await readAcknowledgements(
      write({ 'workload-unbound': 'the statement is fixed', 'limits-missing': 'measured' }),
    )
    const unbound = await program('ignore-context')
    const report = await lint(unbound, { acknowledged, mutations: 8 })
    expect(report.findings.map((finding) => finding.acknowledged)).to.deep.equal(['the statement is fixed'])
    expect(report.unneeded).to.deep.equal(['limits-missing'])
    const binding = await lint(unbound, { acknowledged, mutations: 8, bindsProver: true })
    expect(binding.findings.map(({ severity, acknowledged: reason }) => [severity, reason])).to.deep.equal([
      ['error', undefined],
    ])
    for (const wrong of [{ 'no-such-rule': 'x' }, { 'workload-unbound': ' ' }, { 'workload-unbound': 7 }, []]) {
      await rejected(readAcknowledgements(write(wrong)), 'LINT_ACKNOWLEDGEMENTS_INVALID')
    }
    await rejected(readAcknowledgements(path('none.json')), 'LINT_ACKNOWLEDGEMENTS_INVALID')
  })

  it('the command: exit codes, JSON, and packages in each other’s place', async () => {
    const unbound = await program('ignore-context')
    const run = (packages: Pick<LintOptions, 'prover' | 'verifier'>, ...more: string[]) =>
      runCli(['program', 'lint', packages.prover, '--verifier', packages.verifier, ...more], {
        cwd: directory(),
        env: { GEVULOT_STORE: 'content', XDG_CACHE_HOME: path('cache'), NO_COLOR: '1' },
      })
    const sample = ['--input', 'public_inputs=public_inputs', '--max-run-time', '20', '--mutations', '8']
    const refused = await run(unbound, ...sample, '--json')
    expect(refused.code, refused.stderr).to.equal(1)
    expect((JSON.parse(refused.stdout) as LintReport & { open: number }).open).to.equal(1)
    writeFileSync(
      path('lint.json'),
      JSON.stringify({ schema: 'gevulot/lint@1', acknowledged: { 'workload-unbound': 'so it is' } }),
    )
    const accepted = await run(unbound, ...sample, '--acknowledged', 'lint.json')
    expect(accepted.code, accepted.stderr + accepted.stdout).to.equal(0)
    expect(accepted.stdout).to.match(/acknowledged {2}workload-unbound: .*\n {2}so it is\n/)
    expect(accepted.stdout).to.match(/not checked {2}not-reproducible: .*--build\nNothing is open\.\n$/)
    expect(accepted.stderr).to.include('judging mutated proofs: 0 of 8')
    const swapped = await run({ prover: good.verifier, verifier: good.prover }, '--json')
    expect([swapped.code, swapped.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && text.includes('LINT_PACKAGE_WRONG'),
    )
  })
})
