import { expect } from 'chai'
import fc from 'fast-check'
import { canonicalJson } from '../../sdk/src/content/canonicalJson.js'
import { parseInputsManifest } from '../../sdk/src/content/InputsManifest.js'
import { parsePackageManifest } from '../../sdk/src/content/PackageManifest.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'

const sha256 = 'ab'.repeat(32)
const file = (path: string, mode = '0644'): object => ({ path, sha256, size: 1, mode })
const aPackage = {
  schema: 'gevulot/package@1',
  name: 'p',
  role: 'prove',
  argv: ['/app/bin/p', 'x'],
  env: { A: '1' },
  resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
  files: [file('bin/p', '0755'), file('data')],
  labels: [],
}
const someInputs = { schema: 'gevulot/inputs@1', args: ['7'], files: [{ name: 'public_inputs', sha256, size: 32 }] }
const encode = (value: unknown): Uint8Array => Buffer.from(canonicalJson(value))

function refuses(parse: (bytes: Uint8Array) => unknown, bytes: Uint8Array, why: RegExp): void {
  expect(() => parse(bytes), Buffer.from(bytes).toString().slice(0, 200))
    .to.throw(GevulotError, why)
    .with.property('code', 'CONTENT_MANIFEST_INVALID')
}

describe('content: package manifest', () => {
  it('reads what it wrote', () => {
    expect(parsePackageManifest(encode(aPackage))).to.deep.equal(aPackage)
    const command = { outputs: { proof: '/out/proof' }, exit: { 0: 'ok', 3: 'error' } }
    expect(parsePackageManifest(encode({ ...aPackage, command }))).to.deep.equal({ ...aPackage, command })
  })

  const bad: readonly (readonly [string, object, RegExp])[] = [
    ['an unknown schema', { schema: 'gevulot/package@2' }, /schema/],
    ['an unknown member', { network: true }, /unknown member/],
    ['an unknown role', { role: 'both' }, /role/],
    ['a program outside the package', { argv: ['/bin/sh'] }, /argv\[0\]/],
    ['a program that is not executable', { argv: ['/app/data'] }, /argv\[0\]/],
    ['no program', { argv: [] }, /argv\[0\]/],
    ['NUL in an argument', { argv: ['/app/bin/p', 'a\0b'] }, /NUL/],
    ['an environment name with =', { env: { 'A=B': '1' } }, /not allowed/],
    ['half a core', { resources: { cores: 0.5, memoryMiB: 64, outputMiB: 1 } }, /./],
    ['no memory', { resources: { cores: 1, memoryMiB: 0, outputMiB: 1 } }, /memoryMiB/],
    ['repeated paths', { files: [file('bin/p', '0755'), file('bin/p', '0755')] }, /ascending/],
    ['unsorted paths', { files: [file('data'), file('bin/p', '0755')] }, /ascending/],
    ['a file below a file', { files: [file('bin', '0755'), file('bin/p', '0755')] }, /below another/],
    ['a digest in capitals', { files: [{ ...file('bin/p', '0755'), sha256: 'AB'.repeat(32) }] }, /sha256/],
    ['a negative size', { files: [{ ...file('bin/p', '0755'), size: -1 }] }, /size/],
    ['a set-user-id file', { files: [file('bin/p', '4755')] }, /mode/],
    ['a link', { files: [{ ...file('bin/p', '0755'), link: '/etc/passwd' }] }, /unknown member/],
    ['too many files', { files: Array.from({ length: 20_001 }, (_, index) => file(String(index))) }, /more than 20000/],
    ['a verdict of another role', { command: { outputs: { proof: '/out/p' }, exit: { 0: 'valid' } } }, /exit/],
    [
      'an output outside /out',
      { command: { outputs: { proof: '/out/../etc/passwd' }, exit: { 0: 'ok' } } },
      /not allowed/,
    ],
    ['a prover command without proof', { command: { outputs: {}, exit: { 0: 'ok' } } }, /proof/],
    ['an odd exit code', { command: { outputs: { proof: '/out/p' }, exit: { '00': 'ok' } } }, /not allowed/],
  ]
  for (const [what, change, why] of bad) {
    it(`refuses ${what}`, () => {
      // 0.5 has no canonical form, so this one is written by JSON.stringify.
      const bytes =
        what === 'half a core'
          ? Buffer.from(JSON.stringify({ ...aPackage, ...change }))
          : encode({ ...aPackage, ...change })
      refuses(parsePackageManifest, bytes, why)
    })
  }

  for (const path of [
    '/etc/passwd',
    '../x',
    'a/../b',
    'a/./b',
    'a//b',
    'a/',
    '.',
    '..',
    '',
    'a\0b',
    `${'a/'.repeat(40)}b`,
    'x'.repeat(256),
  ]) {
    it(`refuses the path ${JSON.stringify(path.slice(0, 20))}`, () => {
      const files = [file(path), file('bin/p', '0755')].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1))
      refuses(parsePackageManifest, encode({ ...aPackage, files }), /./)
    })
  }

  it('refuses every spelling but the canonical one', () => {
    const text = canonicalJson(aPackage)
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace('{', '{"name":"q",'),
      text.replace('"p"', '"\\u0070"'),
      `\ufeff${text}`,
      text.slice(0, -1),
      '',
    ]) {
      refuses(parsePackageManifest, Buffer.from(other), /./)
    }
    refuses(parsePackageManifest, Uint8Array.of(0xff, 0xfe), /UTF-8/)
    refuses(parsePackageManifest, Buffer.alloc((4 << 20) + 1), /larger/)
    refuses(parsePackageManifest, Buffer.from('['.repeat(1_000_000)), /./)
    refuses(parsePackageManifest, Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)), /./)
  })

  it('answers any JSON with a manifest or with CONTENT_MANIFEST_INVALID', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(aPackage)), fc.json(), (key, json) => {
        try {
          parsePackageManifest(Buffer.from(JSON.stringify({ ...aPackage, [key]: JSON.parse(json) as unknown })))
        } catch (error) {
          expect(error).to.have.property('code', 'CONTENT_MANIFEST_INVALID')
        }
      }),
    )
  })
})

describe('content: inputs manifest', () => {
  it('reads what it wrote', () => {
    expect(parseInputsManifest(encode(someInputs))).to.deep.equal(someInputs)
  })

  it('refuses missing public inputs, reserved, repeated and odd names', () => {
    const named = (...names: string[]): Uint8Array =>
      encode({ ...someInputs, files: names.map((name) => ({ name, sha256, size: 1 })) })
    refuses(parseInputsManifest, named(), /public_inputs is missing/)
    refuses(parseInputsManifest, named('job.json', 'public_inputs'), /reserved/)
    refuses(parseInputsManifest, named('proof', 'public_inputs'), /reserved/)
    refuses(parseInputsManifest, named('public_inputs', 'public_inputs'), /ascending/)
    for (const name of ['../x', '/x', '..', '.hidden', 'a/b', 'a b', '', 'ä', 'x'.repeat(129)]) {
      refuses(parseInputsManifest, named(...[name, 'public_inputs'].sort()), /not allowed|longer/)
    }
  })
})
