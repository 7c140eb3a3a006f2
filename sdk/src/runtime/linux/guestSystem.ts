import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { access, constants, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runtimeError } from '../../errors/codes/runtime.js'
import { cpioArchive } from './cpio.js'

/** What a microVM boots: a kernel of the distribution, and our init with the modules it needs. */
export interface GuestSystem {
  readonly kernel: string
  /** For example `6.1.0-56-cloud-amd64`. */
  readonly release: string
  readonly initramfs: string
}

const NEEDED_MODULES = ['virtio_mmio', 'virtio_blk', 'erofs']
const INIT_SOURCE = new URL('./init/init.c', import.meta.url)

/**
 * Finds the newest cloud kernel and makes its initramfs: init is compiled once and kept in the cache under the digest of
 * everything that goes in.
 * @throws GevulotError RUNTIME_UNAVAILABLE, with the command that helps
 */
export async function guestSystem(cacheDirectory: string): Promise<GuestSystem> {
  const { kernel, release } = await newestKernel()
  const modules = await readModules(release)
  const hash = createHash('sha256').update(await readFile(INIT_SOURCE))
  for (const module of modules) hash.update(module)
  const directory = join(cacheDirectory, 'linux')
  const initramfs = join(directory, `${hash.digest('hex')}.cpio`)
  if (!(await canRead(initramfs))) {
    await mkdir(directory, { recursive: true })
    const init = await compileInit(directory)
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
  return { kernel, release, initramfs }
}

async function newestKernel(): Promise<{ kernel: string; release: string }> {
  const names = (await readdir('/boot').catch(() => [])).filter((name) => /^vmlinuz-.*cloud-amd64$/.test(name))
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  if (newest === undefined) throw unavailable('no cloud kernel in /boot', 'apt-get install linux-image-cloud-amd64')
  const kernel = join('/boot', newest)
  if (!(await canRead(kernel))) throw unavailable(`${kernel} cannot be read`, `chmod a+r ${kernel}`)
  return { kernel, release: newest.slice('vmlinuz-'.length) }
}

/** The contents of the needed modules, each after those it depends on. Modules built into the kernel are left out. */
async function readModules(release: string): Promise<Buffer[]> {
  const root = join('/lib/modules', release)
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

async function compileInit(directory: string): Promise<Buffer> {
  const binary = join(directory, `init.${randomBytes(6).toString('hex')}`)
  try {
    await promisify(execFile)('cc', ['-O2', '-static', '-s', '-o', binary, fileURLToPath(INIT_SOURCE)])
    return await readFile(binary)
  } catch (error) {
    throw unavailable('init could not be compiled', 'apt-get install gcc libc6-dev', error)
  } finally {
    await rm(binary, { force: true })
  }
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
