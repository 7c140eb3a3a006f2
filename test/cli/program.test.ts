import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import { runCli, type CliResult } from '../support/cli.js'
import { compileGuest } from '../support/guests/compile.js'
import { useTemporaryDirectory } from '../support/temporary.js'

interface Run {
  readonly name: string
  readonly kind: string
  readonly reason?: string
  readonly files?: readonly { readonly name: string; readonly size: number; readonly path?: string }[]
  readonly usage: { readonly wallSeconds: number; readonly peakMemoryMiB?: number }
  readonly packageBytes: number
  readonly log: string
}

const PROVER = `
import { readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
const job = JSON.parse(readFileSync('/in/job.json', 'utf8'))
const proof = Buffer.concat([readFileSync('/app/key'), readFileSync('/in/public_inputs'), Buffer.from(process.argv[2] + job.args[0])])
writeFileSync('/out/proof', proof)
console.log('proved for', job.prover, process.env.COLOUR)
const file = { name: 'proof', size: proof.length, sha256: createHash('sha256').update(proof).digest('hex') }
writeFileSync('/out/result.json', JSON.stringify({ schema: 'gevulot/result@1', nonce: job.nonce, status: 'ok', files: [file] }))
`
const VERIFIER = `
const { readFileSync, writeFileSync } = require('node:fs')
const { nonce } = JSON.parse(readFileSync('/in/job.json', 'utf8'))
const good = readFileSync('/in/proof').includes(readFileSync('/in/public_inputs')) && readFileSync('/in/proof').includes('always7')
const status = good ? 'valid' : 'invalid'
writeFileSync('/out/result.json', JSON.stringify({ schema: 'gevulot/result@1', nonce, status, error: good ? '' : 'not this one' }))
`

describe('cli: program build and run', function () {
  this.timeout(180_000)
  const directory = useTemporaryDirectory()
  const path = (name: string): string => join(directory(), name)

  before(async function () {
    const check = await createRuntime('bubblewrap', { cacheDirectory: directory() }).check()
    if (check.available) return
    console.log(`      SKIP: ${check.reason} (${check.fix})`)
    this.skip()
  })

  const cli = (...args: string[]): Promise<CliResult> =>
    runCli(args, { cwd: directory(), env: { GEVULOT_STORE: 'content', XDG_CACHE_HOME: path('cache'), NO_COLOR: '1' } })
  async function build(...args: string[]): Promise<string> {
    const facts = (await cli('program', 'build', ...args, '--json')).json()
    expect(facts['digest']).to.match(/^0x[0-9a-f]{64}$/)
    return facts['digest'] as string
  }
  const run = (...args: string[]): Promise<CliResult> =>
    cli('program', 'run', ...args, '--runtime', 'bubblewrap', '--input', 'public_inputs=public', '--json')
  const runsOf = (result: CliResult): readonly Run[] => (JSON.parse(result.stdout) as { runs: Run[] }).runs

  before(() => writeFileSync(path('public'), 'public'))

  it('an unmodified tool with its libraries, wherever and whenever it was made', async () => {
    const tool = compileGuest('guest', directory(), 'dynamic')
    const command = [
      '--command-output',
      'proof=/out/made',
      '--command-exit',
      '0=ok',
      '--memory',
      '64',
      '--name',
      'tool',
    ]
    const args = ['--role', 'prove', '--arg', 'copy', '--arg', '/out/made', '--arg', '{arg:0}', ...command]
    const digest = await build(tool, ...args)
    mkdirSync(path('elsewhere'))
    copyFileSync(tool, path('elsewhere/guest-dynamic'))
    utimesSync(path('elsewhere/guest-dynamic'), 1, 1)
    expect(await build(path('elsewhere/guest-dynamic'), ...args)).to.equal(digest)

    const good = await run(digest, '--arg', '0', '--out', 'result')
    expect(good.code, good.stderr).to.equal(0)
    const [made] = runsOf(good)
    expect(made).to.include({ name: 'tool', kind: 'ok' })
    expect(made?.files?.[0]).to.deep.include({ name: 'proof', size: 6 })
    expect(readFileSync(path('result/proof'), 'utf8')).to.equal('public')
    expect(made?.packageBytes).to.be.greaterThan(1_000_000)

    const bad = await run(digest, '--arg', '5')
    expect(bad.code).to.equal(1)
    expect(runsOf(bad)[0]).to.include({ kind: 'crash', exitCode: 5 })
  })

  it('a script with Node.js, and its verifier', async () => {
    writeFileSync(path('prover.mjs'), PROVER)
    writeFileSync(path('verifier.js'), VERIFIER)
    writeFileSync(path('key.bin'), 'key')
    // prettier-ignore
    const prover = await build('prover.mjs', '--role', 'prove', '--file', 'key=key.bin', '--arg', 'always', '--env', 'COLOUR=deep blue', '--memory', '1024')
    const verifier = await build('verifier.js', '--role', 'verify', '--memory', '1024')
    const both = await run(prover, '--arg', '7', '--verifier', verifier)
    expect(both.code, both.stderr + both.stdout).to.equal(0)
    const [proved, judged] = runsOf(both)
    expect(proved).to.include({ name: 'prover-prove', kind: 'ok' })
    expect(proved?.log).to.equal(`proved for 0x${'00'.repeat(20)} deep blue\n`)
    expect(proved?.usage.wallSeconds).to.be.greaterThan(0)
    expect(judged).to.include({ name: 'verifier-verify', kind: 'valid' })
    expect(proved?.files?.[0]).not.to.have.property('path')

    const refused = await run(prover, '--arg', '8', '--verifier', verifier)
    expect(refused.code).to.equal(1)
    expect(runsOf(refused)[1]).to.include({ kind: 'invalid', reason: 'not this one' })

    const said = await cli(
      'program',
      'run',
      prover,
      '--runtime',
      'bubblewrap',
      '--input',
      'public_inputs=public',
      '--arg',
      '7',
    )
    expect(said.code).to.equal(0)
    expect(said.stdout)
      .to.match(/prove +prover-prove: proved/)
      .and.match(/memory, most +[\d.]+ of 1024 MiB/)
    expect(said.stderr).to.include('│ proved for')
  })

  it('a directory with a library of its own', async () => {
    mkdirSync(path('tree/bin'), { recursive: true })
    mkdirSync(path('tree/parts'))
    writeFileSync(path('part.c'), 'int part(void) { return 7; }')
    writeFileSync(path('main.c'), 'int part(void); int main(void) { return part(); }')
    execFileSync('cc', ['-shared', '-fPIC', '-Wl,--no-as-needed', '-o', path('tree/parts/libpart.so'), path('part.c')])
    execFileSync('cc', ['-o', path('tree/bin/main'), path('main.c'), `-L${path('tree/parts')}`, '-lpart', '-Wl,-rpath,$ORIGIN/../parts']) // prettier-ignore
    const facts = await cli(
      'program',
      'build',
      'tree',
      '--entry',
      'bin/main',
      '--role',
      'verify',
      '--command-exit',
      '7=valid',
      '--json',
    )
    const { digest, manifest } = facts.json() as {
      digest: string
      manifest: { argv: string[]; files: { path: string }[] }
    }
    expect(manifest.files.map((file) => file.path)).to.deep.equal([
      'bin/main',
      'lib/ld-linux-x86-64.so.2',
      'lib/libc.so.6',
      'parts/libpart.so',
    ])
    expect(manifest.argv.slice(1)).to.deep.equal(['--library-path', '/app/lib:/app/parts', '/app/bin/main'])
    const result = await run(digest)
    expect(result.code, result.stdout).to.equal(0)
  })

  it('says what cannot be packed, and why', async () => {
    writeFileSync(path('text'), '#!/bin/sh\n')
    const expected: readonly (readonly [string, readonly string[], RegExp])[] = [
      ['CONTENT_FILE_INVALID', ['text'], /not an x86-64 ELF/],
      ['CONTENT_FILE_INVALID', ['nothing'], /cannot be read/],
      ['CONTENT_FILE_INVALID', ['tree'], /entry/],
      ['CONTENT_FILE_INVALID', ['tree', '--entry', 'bin/none'], /no file/],
      ['CONTENT_FILE_INVALID', ['tree/parts/libpart.so'], /library, not a program/],
      // Without the directory that it names the library is not there.
      ['CONTENT_LIBRARY_MISSING', ['moved/main'], /libpart\.so/],
    ]
    mkdirSync(path('moved'))
    copyFileSync(path('tree/bin/main'), path('moved/main'))
    for (const [code, args, message] of expected) {
      const { code: exit, stderr } = await cli('program', 'build', ...args, '--role', 'prove', '--json')
      const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
      expect([exit, error.code], error.message).to.deep.equal([1, code])
      expect(error.message).to.match(message)
    }
    expect((await cli('program', 'build', 'text')).code).to.equal(2)
    expect((await cli('program', 'run', `0x${'ab'.repeat(32)}`)).stderr).to.include('CONTENT_NOT_FOUND')
    expect(existsSync(path('content/manifest.json'))).to.equal(false)
  })
})
