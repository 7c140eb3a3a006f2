import { createHash, randomBytes } from 'node:crypto'
import { access, constants, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runtimeError } from '../../errors/codes/runtime.js'
import { cpioArchive } from './cpio.js'

/** What a microVM boots: a kernel of the distribution, and our init with the modules it needs. */
export interface GuestSystem {
  readonly kernel: string
  /** For example `6.1.0-56-cloud-amd64`. */
  readonly release: string
  readonly initramfs: string
  /** The digest of our init, 64 hexadecimal digits. */
  readonly initSha256: string
}

const NEEDED_MODULES = ['virtio_mmio', 'virtio_blk', 'erofs']
// Compiled from init.c beside it when the SDK is built, so that an operator needs no compiler.
const INIT = new URL('./init/init', import.meta.url)

/** Where a distribution keeps its kernels. */
export interface KernelPlaces {
  /** Of `vmlinuz-…`. */
  readonly boot: string
  /** Of a directory of modules for each release. */
  readonly modules: string
}

const PLACES: KernelPlaces = { boot: '/boot', modules: '/lib/modules' }

/**
 * Finds the newest cloud kernel and makes its initramfs: our init and the modules it needs, kept in the cache under the
 * digest of everything that goes in.
 * @throws GevulotError RUNTIME_UNAVAILABLE, with the command that helps
 */
export async function guestSystem(cacheDirectory: string, places: KernelPlaces = PLACES): Promise<GuestSystem> {
  const { kernel, release } = await newestKernel(places.boot)
  const modules = await readModules(join(places.modules, release), release)
  const init = await readFile(INIT).catch((error: unknown) => {
    throw unavailable('our init was not built', 'apt-get install gcc libc6-dev, then npm run build:sdk', error)
  })
  const hash = createHash('sha256').update(init)
  for (const module of modules) hash.update(module)
  const directory = join(cacheDirectory, 'linux')
  const initramfs = join(directory, `${hash.digest('hex')}.cpio`)
  if (!(await canRead(initramfs))) {
    await mkdir(directory, { recursive: true })
    const fresh = `${initramfs}.${randomBytes(6).toString('hex')}`
    await writeFile(
      fresh,
      cpioArchive([
        { path: 'init', mode: 0o100755, content: init },
        { path: 'modules', mode: 0o040755, content: new Uint8Array() },
        ...modules.map((content, index) => ({ path: `modules/${index}.ko`, mode: 0o100644, content })),
      ]),
      { flush: true },
    )
    await rename(fresh, initramfs)
  }
  return { kernel, release, initramfs, initSha256: createHash('sha256').update(init).digest('hex') }
}

/** Whether what was found once is still there: a kernel goes when the distribution has a newer one. */
export async function isThere({ kernel, initramfs }: GuestSystem): Promise<boolean> {
  return (await canRead(kernel)) && (await canRead(initramfs))
}

async function newestKernel(boot: string): Promise<{ kernel: string; release: string }> {
  const names = (await readdir(boot).catch(() => [])).filter((name) => /^vmlinuz-.*cloud-amd64$/.test(name))
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  if (newest === undefined) throw unavailable(`no cloud kernel in ${boot}`, 'apt-get install linux-image-cloud-amd64')
  const kernel = join(boot, newest)
  if (!(await canRead(kernel))) throw unavailable(`${kernel} cannot be read`, `chmod a+r ${kernel}`)
  return { kernel, release: newest.slice('vmlinuz-'.length) }
}

/** The contents of the needed modules, each after those it depends on. Modules built into the kernel are left out. */
async function readModules(root: string, release: string): Promise<Buffer[]> {
  const [dependencies, builtin] = await Promise.all(
    ['modules.dep', 'modules.builtin'].map((name) =>
      readFile(join(root, name), 'utf8').catch(() => {
        throw unavailable(`${root}/${name} is missing`, `apt-get install --reinstall linux-image-${release}`)
      }),
    ),
  )
  const paths = new Set<string>()
  for (const name of NEEDED_MODULES) {
    const line = new RegExp(`^(\\S*/${name}\\.ko): *(.*)$`, 'm').exec(dependencies ?? '')
    if (line === null) {
      if (new RegExp(`/${name}\\.ko$`, 'm').test(builtin ?? '')) continue
      throw unavailable(`the kernel ${release} has no usable module ${name}`, 'apt-get install linux-image-cloud-amd64')
    }
    const [, path = '', needs = ''] = line
    // depmod lists the module to be loaded first last.
    for (const each of [path, ...needs.split(' ').filter(Boolean)].reverse()) paths.add(each)
  }
  return Promise.all([...paths].map((path) => readFile(join(root, path))))
}

async function canRead(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}

function unavailable(reason: string, fix: string, cause?: unknown): Error {
  return runtimeError('RUNTIME_UNAVAILABLE', reason, { cause, details: { fix } })
}
