import { open } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { LocalPackage } from '../../content/index.js'
import type { PreparedJob } from '../prepareJob.js'

/** What the kernel is told to start. */
export interface NanosProgram {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Symbolic links of the root: where, and what to. */
  readonly links: Readonly<Record<string, string>>
}

const ET_EXEC = 2
const PT_INTERP = 3
const MAX_HEADERS = 64
const MAX_PATH = 256

// A dynamic program finds the loader and the libraries that its package ships.
const LINKS = { lib: 'app/lib', lib64: 'app/lib64', usr: 'app/usr' }

/**
 * Packages name a dynamic program by its loader: `loader --library-path directory program …`. Nanos puts a loader that is
 * started like this low in the address space, where a program for a fixed address belongs; so such a program is started
 * itself, with the packaged loader in the place that its header names.
 */
export async function nanosProgram(
  local: LocalPackage,
  { argv, env }: Pick<PreparedJob, 'argv' | 'env'>,
): Promise<NanosProgram> {
  const [loader = '', flag, directory = '', program] = argv
  const interpreter = flag === '--library-path' && program ? await fixedInterpreter(local, program) : undefined
  if (interpreter === undefined) return { argv, env, links: LINKS }
  const [top = ''] = interpreter.split('/')
  const others = Object.entries(LINKS).filter(([name]) => name !== top)
  return {
    argv: argv.slice(3),
    env: { LD_LIBRARY_PATH: directory, ...env },
    links: { ...Object.fromEntries(others), [interpreter]: loader },
  }
}

/** The loader's path, without its leading slash, that a program for a fixed address wants. */
async function fixedInterpreter(local: LocalPackage, program: string): Promise<string | undefined> {
  const listed = local.manifest.files.find(({ path }) => `/app/${path}` === program)
  if (listed === undefined) return undefined
  const file = await open(join(local.files, listed.path), 'r')
  try {
    const read = async (at: number, length: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(length)
      await file.read(bytes, 0, length, at)
      return bytes
    }
    const header = await read(0, 64)
    if (header.readUInt32BE(0) !== 0x7f454c46 || header.readUInt16LE(16) !== ET_EXEC) return undefined
    const at = Number(header.readBigUInt64LE(32))
    const size = header.readUInt16LE(54)
    const count = Math.min(header.readUInt16LE(56), MAX_HEADERS)
    if (!Number.isSafeInteger(at) || size < 56) return undefined
    const segments = await read(at, size * count)
    for (let index = 0; index < count; index++) {
      if (segments.readUInt32LE(index * size) !== PT_INTERP) continue
      const offset = Number(segments.readBigUInt64LE(index * size + 8))
      if (!Number.isSafeInteger(offset)) return undefined
      const text = (await read(offset, MAX_PATH)).toString('latin1').split('\0')[0] ?? ''
      const plain = text.startsWith('/') && posix.normalize(text) === text && !/^\/(app|in|out)(\/|$)/.test(text)
      return plain && text.length < MAX_PATH && text.includes('/', 1) ? text.slice(1) : undefined
    }
    return undefined
  } finally {
    await file.close()
  }
}
