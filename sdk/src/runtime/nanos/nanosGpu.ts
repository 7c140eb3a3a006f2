import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runtimeError } from '../../errors/codes/runtime.js'
import type { BootFiles } from '../disks/vmDisks.js'
import type { ImageFile } from '../disks/imageFile.js'

/** The driver as a module of Nanos' kernel. */
const DRIVER = 'gpu_nvidia'
const MAX_LOADER_BYTES = 2 ** 20
const MAX_DEPTH = 4

/**
 * What a machine with a graphics card starts from, beside the kernel: `boot.img` and `klibs/gpu_nvidia` of the same release, and the
 * card's firmware as `nvidia/<version>/…`, which that module reads.
 * @throws GevulotError RUNTIME_UNAVAILABLE, with what helps
 */
export async function nanosGpuFiles(kernel: string): Promise<BootFiles> {
  const directory = dirname(kernel)
  const loader = await file(join(directory, 'boot.img'), 'the boot loader')
  const driver = await file(join(directory, 'klibs', DRIVER), 'the driver')
  const firmware = await filesBelow(directory, 'nvidia', MAX_DEPTH)
  if (firmware.length === 0)
    throw missing(join(directory, 'nvidia'), 'the firmware', 'Put the firmware there that belongs to the driver.')
  if (loader.size > MAX_LOADER_BYTES) throw missing(loader.path, 'the boot loader', 'This file is something else.')
  return {
    loader: await readFile(loader.path),
    kernel: { path: kernel, size: (await stat(kernel)).size },
    root: [{ path: `klib/${DRIVER}`, content: driver, executable: false }, ...firmware],
  }
}

async function file(path: string, what: string): Promise<{ readonly path: string; readonly size: number }> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isFile() === true) return { path, size: info.size }
  throw missing(path, what, 'Put it beside kernel.img; it comes with the same release of Nanos.')
}

async function filesBelow(root: string, path: string, depth: number): Promise<ImageFile[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => [])
  const found: ImageFile[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = `${path}/${entry.name}`
    if (entry.isDirectory() && depth > 0) found.push(...(await filesBelow(root, inner, depth - 1)))
    else if (entry.isFile()) {
      const { size } = await stat(join(root, inner))
      found.push({ path: inner, content: { path: join(root, inner), size }, executable: false })
    }
  }
  return found
}

function missing(path: string, what: string, fix: string): Error {
  return runtimeError('RUNTIME_UNAVAILABLE', `a graphics card needs ${what}, ${path}`, { details: { fix } })
}
