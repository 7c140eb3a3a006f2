import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runtimeError } from '../../errors/codes/runtime.js'

/** A kernel image of Nanos on this machine. */
export interface NanosKernel {
  readonly path: string
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** Which kernel to take. */
export interface NanosKernelOptions {
  /** Path of `kernel.img`; default `NANOS_KERNEL`, where `gevulot nanos install` puts it, then that of `ops`. */
  readonly nanosKernel?: string
  /** The digest it must have, 64 hexadecimal digits. Programs of strangers want a kernel that one chose. */
  readonly nanosKernelSha256?: string
}

// An image has some two megabytes; whatever is much larger is something else.
const MAX_KERNEL_BYTES = 64 * 2 ** 20
const ELF_MAGIC = Buffer.from('\x7fELF', 'latin1')

/** Where `gevulot nanos install` puts a kernel. */
export function installedKernelPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(
    env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'share'),
    'gevulot',
    'nanos',
    'kernel.img',
  )
}

/**
 * The places in which a kernel is looked for, in this order: `NANOS_KERNEL` (and nothing else if it is set), what
 * `gevulot nanos install` put down, and what Nanos' own tool keeps in `~/.ops`: its current release, then its others from the
 * newest on, then the nightly build.
 */
export async function kernelCandidates(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const named = env['NANOS_KERNEL']
  if (named !== undefined && named !== '') return [named]
  const ops = join(env['OPS_HOME'] ?? env['HOME'] ?? homedir(), '.ops')
  const current = (await readFile(join(ops, 'latest.txt'), 'latin1').catch(() => '')).trim()
  const releases = (await readdir(ops).catch(() => []))
    .filter((name) => /^\d+\.\d+\.\d+$/.test(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  const versions = [...(/^[\w.-]+$/.test(current) ? [current] : []), ...releases, 'nightly']
  return [installedKernelPath(env), ...new Set(versions.map((version) => join(ops, version, 'kernel.img')))]
}

/**
 * Finds the kernel and checks its digest.
 * @throws GevulotError RUNTIME_UNAVAILABLE, with what helps
 */
export async function findNanosKernel(options: NanosKernelOptions): Promise<NanosKernel> {
  const candidates = options.nanosKernel === undefined ? await kernelCandidates() : [options.nanosKernel]
  for (const path of candidates) {
    const size = await stat(path).then(
      (info) => info.size,
      () => undefined,
    )
    if (size === undefined) continue
    const image = size <= MAX_KERNEL_BYTES ? await readFile(path) : Buffer.alloc(0)
    if (!image.subarray(0, 4).equals(ELF_MAGIC)) {
      throw unavailable(`${path} is no kernel image`, 'Take kernel.img of a release of Nanos for x86-64.')
    }
    const sha256 = createHash('sha256').update(image).digest('hex')
    const wanted = options.nanosKernelSha256
    if (wanted !== undefined && wanted !== sha256) {
      throw unavailable(
        `${path} has the sha-256 ${sha256}, the configuration pins ${wanted}`,
        'Install the kernel that was pinned, or pin this one if you trust where it came from.',
      )
    }
    return { path, sha256 }
  }
  throw unavailable(
    `no Nanos kernel: ${candidates.join(', ')}`,
    'Get a release of Nanos and run `gevulot nanos install <url or file> --sha256 <digest>`; its tool `ops` keeps one in ~/.ops, and NANOS_KERNEL may name any kernel.img.',
  )
}

function unavailable(reason: string, fix: string): Error {
  return runtimeError('RUNTIME_UNAVAILABLE', reason, { details: { fix } })
}
