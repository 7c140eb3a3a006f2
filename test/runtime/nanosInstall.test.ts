import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { systemClock } from '../../sdk/src/clock.js'
import { installNanosKernel, type InstallOptions } from '../../sdk/src/runtime/nanos/installNanosKernel.js'
import { findNanosKernel, installedKernelPath, kernelCandidates } from '../../sdk/src/runtime/nanos/nanosKernel.js'
import { fileOfTar, gunzipped } from '../../sdk/src/runtime/nanos/tar.js'
import { runCli } from '../support/cli.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** What passes for a kernel until one boots it. */
const KERNEL = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(300_000, 'kernel')])

/** A tar archive of files, in the form of every tar. */
function tarOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512)
    header.write(name, 0, 'utf8')
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
    header.write('0', 156, 'latin1')
    header.write('ustar\0' + '00', 257, 'latin1')
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** What a descriptor of this process is for; it may be gone by now. */
function opened(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

describe('nanos install', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let server: Server
  let answer: Answer
  let ranges: (string | undefined)[]
  let target: string
  let count = 0

  before(async () => {
    server = createServer((request, response) => {
      ranges.push(request.headers.range)
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    ranges = []
    target = join(directory(), `place-${count++}`, 'kernel.img')
  })

  const url = (path = '/kernel.img'): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const install = (options: Partial<InstallOptions> = {}) =>
    installNanosKernel({ source: url(), sha256: digestOf(KERNEL), path: target, retryDelayMs: 1, ...options })
  const left = (): string[] => (existsSync(join(target, '..')) ? readdirSync(join(target, '..')) : [])

  /** A server that knows ranges, of which `cut` bytes arrive at a time. */
  function serving(content: Buffer, cut = content.length): Answer {
    return ({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
      if (from >= content.length) return void response.writeHead(416).end()
      const part = content.subarray(from)
      const range = from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length, ...range })
      if (part.length <= cut) response.end(part)
      else response.write(part.subarray(0, cut), () => response.socket?.end())
    }
  }

  it('installs a kernel from a server, whole, readable by all and writable by none', async () => {
    answer = serving(KERNEL)
    const seen: number[] = []
    const kernel = await install({ onProgress: ({ received }) => seen.push(received) })
    expect(kernel).to.deep.equal({ path: target, sha256: digestOf(KERNEL) })
    expect(readFileSync(target)).to.deep.equal(KERNEL)
    expect(statSync(target).mode & 0o777).to.equal(0o444)
    expect(seen.at(-1)).to.equal(KERNEL.length)
    expect(left()).to.deep.equal(['kernel.img'])
  })

  it('goes on where a transfer broke off, in one call and in the next', async () => {
    answer = serving(KERNEL, 100_000)
    await install()
    expect(ranges.length).to.be.greaterThan(2)
    expect(ranges.slice(1)).to.satisfy((all: string[]) => all.every((range) => /^bytes=[1-9]\d*-$/.test(range)))
    expect(readFileSync(target)).to.deep.equal(KERNEL)

    target = join(directory(), 'later', 'kernel.img')
    ranges = []
    // Too little to count as getting on.
    answer = serving(KERNEL, 60_000)
    await rejected(install({ attempts: 1 }), 'CONTENT_UNAVAILABLE')
    expect(left()).to.have.length(1).and.not.include('kernel.img')
    answer = serving(KERNEL)
    await install()
    expect(ranges).to.have.length(2)
    expect(ranges[1]).to.match(/^bytes=[1-9]/)
    expect(left()).to.deep.equal(['kernel.img'])
  })

  it('begins anew where a server knows no ranges, or what is here is not the beginning', async () => {
    answer = (_, response) => response.end(KERNEL)
    mkdirSync(join(target, '..'), { recursive: true })
    const part = `${target}.${digestOf(KERNEL).slice(0, 16)}.part`
    writeFileSync(part, 'something else')
    await install()
    expect(readFileSync(target)).to.deep.equal(KERNEL)
    // Longer than the file: the server has nothing behind it.
    answer = serving(KERNEL)
    writeFileSync(part, Buffer.alloc(KERNEL.length + 5))
    await install()
    // Of the right length and wrong: found out, thrown away, and right the next time.
    writeFileSync(part, Buffer.alloc(1000))
    await rejected(install(), 'CONTENT_DIGEST_MISMATCH')
    await install()
    expect(left()).to.deep.equal(['kernel.img'])
  })

  it('installs nothing with another digest, and leaves what was installed', async () => {
    answer = serving(KERNEL)
    await install()
    answer = serving(Buffer.concat([KERNEL, Buffer.from('x')]))
    const error = await rejected(install({ sha256: digestOf(Buffer.from('wanted')) }), 'CONTENT_DIGEST_MISMATCH')
    expect(error.message).to.include('nothing was installed')
    expect(readFileSync(target)).to.deep.equal(KERNEL)
    expect(left()).to.deep.equal(['kernel.img'])
  })

  it('gives up on a server that never ends, falls silent, refuses, or compresses', async () => {
    answer = (_, response) => void response.writeHead(200, { 'content-length': 2 ** 40 }).write('x')
    await rejected(install(), 'CONTENT_TOO_LARGE')
    answer = (_, response) => {
      const chunk = Buffer.alloc(4 * 2 ** 20)
      const more = (): void => void (response.destroyed || response.write(chunk, more))
      more()
    }
    await rejected(install(), 'CONTENT_TOO_LARGE')
    expect(left()).to.deep.equal([])
    answer = (_, response) => void response.writeHead(200, { 'content-length': 100 }).write('x')
    await rejected(install({ idleTimeoutMs: 100, attempts: 2 }), 'CONTENT_TIMEOUT')
    answer = (_, response) => void response.writeHead(404).end()
    await rejected(install(), 'CONTENT_NOT_FOUND')
    answer = (_, response) => void response.writeHead(503).end()
    ranges = []
    await rejected(install({ attempts: 3 }), 'CONTENT_UNAVAILABLE')
    expect(ranges).to.have.length(3)
    answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(KERNEL))
    await rejected(install({ attempts: 1 }), 'CONTENT_UNAVAILABLE')
  })

  it('follows redirects, some, and to http servers only', async () => {
    const real = serving(KERNEL)
    answer = (request, response) => {
      if (request.url === '/kernel.img') response.writeHead(302, { location: '/b' }).end()
      else real(request, response)
    }
    await install()
    answer = (_, response) => void response.writeHead(302, { location: '/again' }).end()
    await rejected(install({ attempts: 1 }), 'CONTENT_UNAVAILABLE')
    answer = (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await rejected(install({ attempts: 1 }), 'CONTENT_ADDRESS_REFUSED')
  })

  it('stops when told', async () => {
    const stop = new AbortController()
    answer = (_, response) =>
      void response.writeHead(200, { 'content-length': 100 }).write('x', () => stop.abort(new Error('enough')))
    expect(await install({ signal: stop.signal }).catch((error: unknown) => (error as Error).message)).to.equal(
      'enough',
    )
  })

  it('takes a kernel out of a release, and looks at nothing else in it', async () => {
    const release = gzipSync(
      tarOf({ 'boot.img': Buffer.alloc(70_000), '../../kernel.img': KERNEL, 'klibs/x': Buffer.alloc(3) }),
    )
    const file = join(directory(), 'release.tar.gz')
    writeFileSync(file, release)
    const kernel = await install({ source: file, sha256: digestOf(release) })
    expect(kernel.sha256).to.equal(digestOf(KERNEL))
    expect(readFileSync(target)).to.deep.equal(KERNEL)

    const bad: Readonly<Record<string, Buffer>> = {
      'without a kernel': gzipSync(tarOf({ 'boot.img': KERNEL })),
      'cut off': gzipSync(tarOf({ 'kernel.img': KERNEL }).subarray(0, 9000)),
      'no tar': gzipSync(Buffer.alloc(2000, 'x')),
      'no gzip': Buffer.from([0x1f, 0x8b, 1, 2, 3]),
      'far larger than it looks': gzipSync(tarOf({ a: Buffer.alloc(300 * 2 ** 20) })),
    }
    for (const [what, bytes] of Object.entries(bad)) {
      writeFileSync(file, bytes)
      const error = await rejected(install({ source: file, sha256: digestOf(bytes) }), 'CONTENT_FILE_INVALID')
      expect(error.message, what).to.match(/release/)
    }
    const text = Buffer.from('no kernel at all')
    writeFileSync(file, text)
    await rejected(install({ source: file, sha256: digestOf(text) }), 'RUNTIME_UNAVAILABLE')
    await rejected(install({ source: join(directory(), 'none') }), 'CONTENT_NOT_FOUND')
    expect(readFileSync(target)).to.deep.equal(KERNEL)
    expect(left()).to.deep.equal(['kernel.img'])
  })

  it('a release that cannot be read fails whoever reads it, and one of which enough was read is closed', async () => {
    mkdirSync(directory(), { recursive: true })
    const path = join(directory(), 'unread.tar.gz')
    const failure = await fileOfTar(gunzipped(path), 'kernel.img', 1, 1).catch((error: unknown) => error)
    expect(failure).to.include({ code: 'ENOENT' })
    // What does not shrink: much of it is still to be read when the file is there.
    writeFileSync(path, gzipSync(tarOf({ 'kernel.img': KERNEL, rest: randomBytes(8 << 20) })))
    const read = await fileOfTar(gunzipped(path), 'kernel.img', 1 << 20, 1 << 30)
    expect(read?.equals(KERNEL)).to.equal(true)
    const open = (): number => readdirSync('/proc/self/fd').filter((fd) => opened(fd) === path).length
    for (let looks = 0; looks < 400 && open() > 0; looks++) await systemClock.sleep(5)
    expect(open()).to.equal(0)
  })

  it('the command installs it where the runtime looks, behind NANOS_KERNEL and before ~/.ops', async () => {
    const home = join(directory(), 'home')
    mkdirSync(join(home, '.ops/0.1.9'), { recursive: true })
    mkdirSync(join(home, '.ops/0.1.10'))
    writeFileSync(join(home, '.ops/0.1.10/kernel.img'), Buffer.from('\x7fELFops', 'latin1'))
    const env = { HOME: home }
    const first = async (): Promise<string | undefined> =>
      (await kernelCandidates(env)).find((path) => existsSync(path))
    expect(await first()).to.equal(join(home, '.ops/0.1.10/kernel.img'))

    answer = serving(KERNEL)
    const ground = { cwd: directory(), env: { HOME: home, XDG_DATA_HOME: join(home, '.local/share') } }
    const wrong = await runCli(['nanos', 'install', url(), '--sha256', 'ab'.repeat(32), '--json'], ground)
    expect([wrong.code, wrong.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && text.includes('CONTENT_DIGEST_MISMATCH'),
    )
    const done = await runCli(['nanos', 'install', url(), '--sha256', digestOf(KERNEL), '--json'], ground)
    expect(done.json()).to.deep.equal({ path: installedKernelPath(env), sha256: digestOf(KERNEL) })
    expect(await first()).to.equal(installedKernelPath(env))
    expect(await kernelCandidates({ ...env, NANOS_KERNEL: '/k' })).to.deep.equal(['/k'])
    const path = installedKernelPath(env)
    await rejected(findNanosKernel({ nanosKernel: path, nanosKernelSha256: 'cd'.repeat(32) }), 'RUNTIME_UNAVAILABLE')
    expect(await findNanosKernel({ nanosKernel: path, nanosKernelSha256: digestOf(KERNEL) })).to.include({ path })
  })
})
