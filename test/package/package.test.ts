import { existsSync, globSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { expect } from 'chai'
import { build } from 'esbuild'
import { publint } from 'publint'
import { root } from '../../scripts/lib/artifacts.js'
import { anchorsIn, linksIn } from '../../scripts/lib/markdown.js'
import { Consumer } from '../support/consumer.js'

// What npm would publish, installed in a project that has nothing else.
describe('package: contents', function () {
  this.timeout(900_000)
  let consumer: Consumer
  let subpaths: readonly string[]

  before(async () => {
    consumer = await Consumer.install()
    subpaths = Object.keys(consumer.manifest.exports).filter((subpath) => subpath !== './package.json')
  })
  after(() => consumer.remove())

  it('has nothing that publint complains about', async () => {
    const bytes = await readFile(consumer.tarball)
    const tarball = new Uint8Array(bytes).buffer
    const { messages } = await publint({ pack: { tarball }, strict: true })
    expect(messages).to.deep.equal([])
  })

  it('has types that are those of the code, however it is resolved', async () => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(consumer.tarball))))
    if (result.types === false) throw new Error('the package has no types')
    expect(result.types).to.deep.equal({ kind: 'included' })
    // Resolution of before Node 12 knows no `exports`; everything else there is has no problem.
    const problems = result.problems.filter((problem) => !('resolutionKind' in problem) || problem.resolutionKind !== 'node10') // prettier-ignore
    expect(problems).to.deep.equal([])
    expect(Object.keys(result.entrypoints)).to.have.members([...subpaths, './package.json'])
  })

  it('carries the licence', async () => {
    const [packed, own] = await Promise.all([
      readFile(consumer.installed('LICENSE'), 'utf8'),
      readFile(join(root, 'LICENSE'), 'utf8'),
    ])
    expect(packed).to.equal(own)
  })

  it('has pages whose links lead to what the package holds', async () => {
    const pages = globSync('**/*.md', { cwd: consumer.installed('.') })
    expect(pages).to.include.members(['README.md', 'ERRORS.md'])
    const links = pages.flatMap((page) =>
      linksIn(readFileSync(consumer.installed(page), 'utf8')).map((link) => ({ page, link })),
    )
    expect(links).not.to.have.length(0)
    const broken = links.filter(({ page, link }) => {
      const [path = '', anchor] = decodeURI(link).split('#', 2)
      const target = path === '' ? page : join(dirname(page), path)
      if (target.startsWith('..') || !existsSync(consumer.installed(target))) return true
      return anchor !== undefined && !anchorsIn(readFileSync(consumer.installed(target), 'utf8')).has(anchor)
    })
    expect(broken).to.deep.equal([])
  })

  it('exports every subpath as ESM and as CommonJS, with the same names', async () => {
    await consumer.write('names.mjs', NAMES.mjs)
    await consumer.write('names.cjs', NAMES.cjs)
    expect(subpaths).to.include.members(['.', './worker', './client'])
    for (const subpath of subpaths) {
      const specifier = specifierOf(subpath)
      const [esm, cjs] = await Promise.all([
        consumer.node('names.mjs', [specifier]),
        consumer.node('names.cjs', [specifier]),
      ])
      const names = JSON.parse(esm) as string[]
      expect(names, specifier).to.not.have.length(0)
      expect(names, specifier).to.not.include('default')
      expect(JSON.parse(cjs), specifier).to.deep.equal(names)
    }
    const manifest = await consumer.node('names.cjs', ['@gevulot/sdk/package.json'])
    expect(JSON.parse(manifest)).to.include('exports')
  })

  it('keeps its other files to itself', async () => {
    const error = await failureOf(consumer.node('names.cjs', ['@gevulot/sdk/dist/index.cjs']))
    expect(error).to.include('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it('does nothing when it is imported', async () => {
    await consumer.write('effects.mjs', EFFECTS)
    const noisy = await failureOf(consumer.node('effects.mjs', ['data:text/javascript,globalThis.oops = 1']))
    expect(noisy).to.include('globals: oops')
    for (const subpath of subpaths) {
      expect(await consumer.node('effects.mjs', [specifierOf(subpath)]), subpath).to.equal('')
    }
  })

  it('has a part for pages, which asks for nothing of Node', async () => {
    await consumer.write('page.mjs', "import * as sdk from '@gevulot/sdk/browser'\nglobalThis.sdk = sdk\n")
    const { outputFiles } = await build({
      ...{ entryPoints: [join(consumer.directory, 'page.mjs')], bundle: true, minify: true, write: false },
      // Fails at the first import that a browser has not.
      ...{ platform: 'browser', format: 'esm' },
    })
    const [page] = outputFiles
    if (page === undefined) throw new Error('there is no bundle')
    expect(page.text).not.to.match(/\bBuffer\.(?:from|alloc|concat|byteLength)\b/)
    expect(gzipSync(page.contents).length).to.be.below(MOST_PAGE_BYTES)
  })

  for (const [name, subpath] of [
    ['toBytes32', 'browser'],
    ['cidOf', 'content'],
  ] as const) {
    it(`leaves out of a bundle what nobody asks for: ${name} of /${subpath} alone`, async () => {
      const entry = await consumer.write(`${name}.mjs`, `export { ${name} } from '@gevulot/sdk/${subpath}'\n`)
      const { outputFiles } = await build({
        ...{ entryPoints: [entry], bundle: true, minify: true, write: false, format: 'esm' },
        platform: subpath === 'browser' ? 'browser' : 'node',
      })
      const [bundle] = outputFiles
      expect(bundle?.text).to.include(name)
      expect(gzipSync(bundle?.contents ?? '').length).to.be.below(MOST_NAME_BYTES)
    })
  }

  it('runs on the oldest Node.js that it says it runs on', async function () {
    const { engines } = JSON.parse(await readFile(consumer.installed('package.json'), 'utf8')) as {
      engines: { node: string }
    }
    const oldest = /^>=(\d+)\.\d+\.\d+$/.exec(engines.node)?.[1] ?? ''
    const node = await consumer.otherNode(oldest).catch((error: unknown) => String(error))
    if (!node.startsWith('/')) {
      console.log(`      SKIP: no Node.js ${oldest} is to be had from npm: ${node.slice(0, 200)}`)
      return this.skip()
    }
    const file = async (name: string, text: string) => {
      await consumer.write(name, text)
      return (args: readonly string[]) => consumer.node(name, args, consumer.directory, node)
    }
    const version = await (await file('version.mjs', 'process.stdout.write(process.versions.node)'))([])
    expect(version.split('.')[0]).to.equal(oldest)
    const [esm, cjs] = [await file('names.mjs', NAMES.mjs), await file('names.cjs', NAMES.cjs)]
    for (const subpath of subpaths) {
      const specifier = specifierOf(subpath)
      expect(JSON.parse(await esm([specifier])), specifier).to.have.length.greaterThan(0)
      expect(JSON.parse(await cjs([specifier])), specifier).to.have.length.greaterThan(0)
    }
    expect(await (await file('works.mjs', WORKS))([])).to.equal('works')
    const help = await consumer.node('node_modules/.bin/gevulot', ['--help'], consumer.directory, node)
    expect(help).to.include('workload')
  })

  it('installs its commands, which know their version', async () => {
    expect(Object.keys(consumer.manifest.bin)).to.have.members(['gevulot', 'gevulot-validator', 'gevulot-worker'])
    const { version } = JSON.parse(await readFile(consumer.installed('package.json'), 'utf8')) as { version: string }
    expect(await consumer.node('node_modules/.bin/gevulot', ['--version'])).to.equal(`${version}\n`)
  })
})

/** 272 KiB. All of it, compressed: ethers, zod, the contracts' ABIs and our own. Pages that use a part of it load a part of it. */
const MOST_PAGE_BYTES = 278_528

/** One name with what it needs, compressed. A dependency that is not left out, ethers or zod, is several times that. */
const MOST_NAME_BYTES = 5_000

/** What a program said that was bound to fail. */
async function failureOf(running: Promise<string>): Promise<string> {
  const outcome = await running.catch((error: unknown) => error)
  if (!(outcome instanceof Error)) throw new Error('expected a failure')
  return outcome.message
}

function specifierOf(subpath: string): string {
  return `@gevulot/sdk${subpath.slice(1)}`
}

const NAMES = {
  mjs: 'process.stdout.write(JSON.stringify(Object.keys(await import(process.argv[2])).sort()))',
  cjs: 'process.stdout.write(JSON.stringify(Object.keys(require(process.argv[2])).sort()))',
}

/** Files, streams, HTTP and signals: what differs between versions of Node. */
const WORKS = `
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildInputs, DirectoryStore, fetchInputs, HttpStore, hexOf } from '@gevulot/sdk/content'
const home = await mkdtemp(join(tmpdir(), 'gevulot-old-node-'))
const store = new DirectoryStore(join(home, 'content'))
const { digest } = await buildInputs({ files: { public_inputs: Buffer.alloc(1000, 1), witness: Buffer.alloc(300_000, 2) } }, store)
const server = createServer(async (request, response) => {
  const bytes = await store.get('0x' + request.url.slice(1), { maxBytes: 1e6 })
  response.end(bytes)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const source = new HttpStore('http://127.0.0.1:' + server.address().port + '/', { addresses: 'any' })
const { files } = await fetchInputs(digest, source, join(home, 'inputs'), { signal: AbortSignal.timeout(60_000) })
server.closeAllConnections()
server.close()
await rm(home, { recursive: true })
process.stdout.write(files.length === 2 && hexOf(digest).length === 64 ? 'works' : 'does not')
`

/** Imports a module and fails when that has left something behind: a global, a listener, a timer, a socket, a variable of the environment. */
const EFFECTS = `
const look = () => ({
  globals: Object.getOwnPropertyNames(globalThis),
  listeners: process.eventNames().flatMap((name) => Array(process.listenerCount(name)).fill(String(name))),
  environment: Object.entries(process.env).map(String),
  resources: process.getActiveResourcesInfo(),
})
// Node opens these itself for whoever imports \`node:process\`.
void [process.stdin, process.stdout, process.stderr]
const before = look()
// zod keeps its registry where all copies of it find it; \`@gevulot/sdk/api\` loads it.
const isKnown = (value) => /^__zod_global(Config|Registry)$/.test(value)
await import(process.argv[2])
for (const [kind, values] of Object.entries(look())) {
  const rest = [...before[kind]]
  const added = values.filter((value) => !isKnown(value)).filter((value) => rest.includes(value) ? (rest.splice(rest.indexOf(value), 1), false) : true)
  if (added.length > 0) throw new Error(kind + ': ' + added.join(' '))
}
`
