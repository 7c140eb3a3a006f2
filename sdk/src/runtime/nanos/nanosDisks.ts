import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPackage } from '../../content/index.js'
import { diskError, errnoOf } from '../../content/writeAtomically.js'
import type { PreparedJob } from '../prepareJob.js'
import type { RunLimits } from '../Runtime.js'
import { nanosProgram, type NanosProgram } from './nanosProgram.js'
import { LOG_SECTORS, SECTOR, type TfsTuple } from './tfs/format.js'
import type { TfsUsage } from './tfs/TfsVolume.js'
import { writeTfs } from './tfs/writeTfs.js'

/** The disks of a run, paths on this machine. */
export interface NanosDisks {
  /** The package, mounted at `/app`. */
  readonly program: string
  /** What the kernel starts from: the root with `/in`, and what to run. */
  readonly job: string
  /** `/out` */
  readonly out: string
}

/** The label of the output volume. */
export const OUT_LABEL = 'out'

const APP_LABEL = 'app'
const MiB = 2 ** 20
// The guest keeps two extensions of half a MiB for its log beside the one in use, and takes room for files in pieces of
// up to a MiB: so much more than /out has the volume.
const OUT_OVERHEAD = 3 * MiB
// A program that finds no room leaves less than the smallest piece the guest takes at a time.
const FULL_BYTES = 1.5 * MiB

const PARTITION_SECTOR = 16
const LOG_DUMP_BYTES = 4096
const PARTITION_TYPE = 0x83
// The kernel notes on the root, too, what it keeps in memory only; without room it complains about it.
const ROOT_SPARE_SECTORS = 4 * LOG_SECTORS

/**
 * Makes the three disks of a run. The program's is kept beside the package, so it is made once; the others belong to the
 * run and lie in `directory`.
 */
export async function makeNanosDisks(
  directory: string,
  local: LocalPackage,
  prepared: PreparedJob,
  limits: RunLimits,
): Promise<NanosDisks> {
  const disks = { program: await programDisk(local), job: join(directory, 'job.img'), out: join(directory, 'out.img') }
  try {
    await jobDisk(disks.job, prepared, await nanosProgram(local, prepared))
    const out = await open(disks.out, 'wx', 0o600)
    try {
      await writeTfs(out, OUT_LABEL, { files: [] }, { totalSectors: outputDiskBytes(limits) / SECTOR })
    } finally {
      await out.close()
    }
  } catch (error) {
    throw diskError(error, directory)
  }
  return disks
}

/** The size of an output disk. */
export function outputDiskBytes(limits: RunLimits): number {
  return limits.outputMiB * MiB + OUT_OVERHEAD
}

/** Whether a program that wanted to write more found no room. */
export function isOutFull({ sectors, usedSectors }: TfsUsage): boolean {
  return (sectors - usedSectors) * SECTOR < FULL_BYTES
}

/**
 * The exit code that the kernel keeps on its disk, undefined after exit code 0. The exit port tells only seven bits of it:
 * to it 128 is 0.
 */
export async function keptExitCode(jobDisk: string): Promise<number | undefined> {
  const disk = await open(jobDisk, 'r')
  try {
    const dump = Buffer.alloc(16)
    await disk.read(dump, 0, dump.length, PARTITION_SECTOR * SECTOR - LOG_DUMP_BYTES)
    return dump.toString('latin1', 0, 4) === 'KLOG' ? dump.readInt32LE(12) & 0xff : undefined
  } finally {
    await disk.close()
  }
}

/** The name tells the layout's version: a package outlives the version of the code that made its image. */
async function programDisk(local: LocalPackage): Promise<string> {
  const path = join(local.directory, 'program-1.tfs')
  if (await canBeRead(path)) return path
  const fresh = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    const image = await open(fresh, 'wx', 0o444)
    try {
      await writeTfs(image, APP_LABEL, {
        files: local.manifest.files.map((file) => ({
          path: file.path,
          content: { path: join(local.files, file.path), size: file.size },
          executable: file.mode === '0755',
        })),
      })
    } finally {
      await image.close()
    }
    await rename(fresh, path)
  } catch (error) {
    throw diskError(error, fresh)
  } finally {
    await rm(fresh, { force: true })
  }
  return path
}

/** Also brings the beginning into memory, so that the guest meets this volume at once. */
async function canBeRead(path: string): Promise<boolean> {
  try {
    const image = await open(path, 'r')
    await image.read(Buffer.alloc(SECTOR), 0, SECTOR, 0).finally(() => image.close())
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * The disk that the kernel takes for its root: a partition table whose second entry is the root, and before the first
 * the kernel's own log. The guest may write to the disk but not to the file system on it.
 */
async function jobDisk(path: string, prepared: PreparedJob, program: NanosProgram): Promise<void> {
  const disk = await open(path, 'wx', 0o600)
  try {
    const content = {
      files: [
        { path: 'in/job.json', content: prepared.jobJson, executable: false },
        ...prepared.inputs.map((input) => ({ path: `in/${input.name}`, content: input, executable: false })),
      ],
      directories: ['app', 'out'],
      links: program.links,
      attributes: rootAttributes(program),
    }
    const layout = { offset: PARTITION_SECTOR * SECTOR, spareSectors: ROOT_SPARE_SECTORS }
    const sectors = await writeTfs(disk, 'job', content, layout)
    const table = Buffer.alloc(SECTOR)
    writePartition(table, 0, PARTITION_SECTOR, 0)
    writePartition(table, 1, PARTITION_SECTOR, sectors)
    table.writeUInt16LE(0xaa55, SECTOR - 2)
    await disk.write(table, 0, SECTOR, 0)
  } finally {
    await disk.close()
  }
}

/** What the kernel reads at its start. */
function rootAttributes({ argv, env }: NanosProgram): TfsTuple {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1')
  return new Map<string, string | TfsTuple | readonly string[]>([
    ['program', bytes(argv[0] ?? '')],
    ['arguments', argv.map(bytes)],
    ['environment', new Map(Object.entries(env).map(([name, value]) => [name, bytes(value)]))],
    ['cwd', '/out'],
    ['mounts', new Map([[APP_LABEL, '/app:ro'], [OUT_LABEL, '/out']])],
    ['readonly_rootfs', 't'],
    // The exit code goes to QEMU's exit port.
    ['debug_exit', 't'],
  ]) // prettier-ignore
}

function writePartition(table: Buffer, index: number, sector: number, sectors: number): void {
  const at = SECTOR - 2 - (4 - index) * 16
  table.writeUInt8(PARTITION_TYPE, at + 4)
  table.writeUInt32LE(sector, at + 8)
  table.writeUInt32LE(sectors, at + 12)
}
