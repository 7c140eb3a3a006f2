import { randomBytes } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPackage } from '../../content/index.js'
import { diskError, errnoOf } from '../../content/writeAtomically.js'
import { nanosProgram, type NanosProgram } from '../nanos/nanosProgram.js'
import { workspaceNames, type PreparedJob } from '../prepareJob.js'
import type { RunLimits } from '../Runtime.js'
import { addErofsIndex } from './erofsIndex.js'
import { PAGE, placeFile, type ImageFile, type PlacedFile } from './imageFile.js'
import { LOG_SECTORS, SECTOR, type TfsTuple } from './tfs/format.js'
import { writeTfs, type TfsContent } from './tfs/writeTfs.js'

/** The disks of a run in a virtual machine, paths on this machine. The same bytes boot every guest system. */
export interface VmDisks {
  /** The package, mounted at `/app`. */
  readonly program: string
  /** `/in`, and what to run: with which arguments and environment. */
  readonly job: string
  /** `/out` */
  readonly out: string
  /** Where on the job disk Nanos' kernel keeps its log: before the first partition. */
  readonly kernelLogAt: number
  /** Whether a machine with a BIOS starts from the job disk. */
  readonly bootable: boolean
}

/** What a machine with a BIOS starts Nanos from, and what the system loads beside the program. */
export interface BootFiles {
  /** The boot loader of Nanos: a boot record and what follows it. */
  readonly loader: Uint8Array
  readonly kernel: ImageFile['content']
  /** Files of the root: modules of the kernel below `klib/`, firmware. */
  readonly root: readonly ImageFile[]
}

/** The label of the output volume. */
export const OUT_LABEL = 'out'

const APP_LABEL = 'app'
const MiB = 2 ** 20
// A guest keeps two extensions of half a MiB for its log beside the one in use, and takes room for files in pieces of
// up to a MiB: so much more than /out has the volume.
const OUT_OVERHEAD = 3 * MiB

const PARTITION_SECTOR = 16
const PARTITION_TYPE = 0x83
const BOOT_SIGNATURE = 0xaa55
const KERNEL_LOG_BYTES = 4096
// Nanos notes on its root, too, what it keeps in memory only; without room it complains about it.
const ROOT_SPARE_SECTORS = 4 * LOG_SECTORS

/**
 * Makes the three disks of a run. The program's is kept beside the package, so it is made once; the others belong to the
 * run and lie in `directory`. Program and job can be read in two formats, with one copy of the files: as volumes of Nanos,
 * and as EROFS, which Linux mounts.
 * @param token What a guest's init reports with; 32 hexadecimal digits that the program does not know.
 * @param boot Makes the job disk one that a machine with a BIOS starts from.
 */
export async function makeVmDisks(
  directory: string,
  local: LocalPackage,
  prepared: PreparedJob,
  limits: RunLimits,
  token: string,
  boot?: BootFiles,
): Promise<VmDisks> {
  const disks = {
    program: await programDisk(local),
    job: join(directory, 'job.img'),
    out: join(directory, 'out.img'),
    kernelLogAt: (boot === undefined ? PARTITION_SECTOR * SECTOR : bootVolumeAt(boot.loader)) - KERNEL_LOG_BYTES,
    bootable: boot !== undefined,
  }
  try {
    const program = await nanosProgram(local, prepared)
    await create(disks.job, 0o600, (disk) =>
      boot === undefined
        ? writeJob(disk, prepared, program, execFields(prepared, token, limits))
        : writeBootableJob(disk, prepared, program, boot),
    )
    const layout = { totalSectors: outputDiskBytes(limits) / SECTOR }
    await create(disks.out, 0o600, (disk) =>
      writeTfs(disk, OUT_LABEL, { files: [], links: workspaceLinks(prepared) }, layout),
    )
  } catch (error) {
    throw diskError(error, directory)
  }
  return disks
}

/** The size of an output disk. */
export function outputDiskBytes(limits: RunLimits): number {
  return limits.outputMiB * MiB + OUT_OVERHEAD
}

/** The name tells the layout's version: a package outlives the version of the code that made its image. */
async function programDisk(local: LocalPackage): Promise<string> {
  const path = join(local.directory, 'program-2.img')
  if (await canBeRead(path)) return path
  const fresh = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  const files = local.manifest.files.map((file) => ({
    path: file.path,
    content: { path: join(local.files, file.path), size: file.size },
    executable: file.mode === '0755',
  }))
  try {
    await create(fresh, 0o444, async (disk) => {
      const volume = await writeTfs(disk, APP_LABEL, { files })
      await addErofsIndex(disk, volume.files, wholePages(volume.sectors * SECTOR))
    })
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

async function create(path: string, mode: number, write: (disk: FileHandle) => Promise<unknown>): Promise<void> {
  const disk = await open(path, 'wx', mode)
  await write(disk).finally(() => disk.close())
}

/**
 * The job disk: a partition table whose second entry is the root of Nanos, and before the first Nanos' own log, the one
 * thing that the guest may write there. As EROFS it holds `/in` and the file `exec` for our init, which the program never
 * sees.
 */
async function writeJob(disk: FileHandle, prepared: PreparedJob, program: NanosProgram, exec: Buffer): Promise<void> {
  const root = { offset: PARTITION_SECTOR * SECTOR, spareSectors: ROOT_SPARE_SECTORS }
  const volume = await writeTfs(disk, 'job', rootContent(program, prepared), root)
  const table = Buffer.alloc(SECTOR)
  writePartition(table, 0, PARTITION_SECTOR, 0)
  writePartition(table, 1, PARTITION_SECTOR, volume.sectors)
  table.writeUInt16LE(BOOT_SIGNATURE, SECTOR - 2)
  await disk.write(table, 0, SECTOR, 0)
  const execAt = wholePages(root.offset + volume.sectors * SECTOR)
  const placed: PlacedFile = await placeFile(disk, execAt, { path: 'exec', content: exec, executable: false })
  await addErofsIndex(disk, [...volume.files, placed], wholePages(execAt + exec.length))
}

/**
 * The job disk of a machine that starts from it: boot loader, Nanos' own log, a volume with the kernel, the root. No init reads it, so
 * there is no EROFS on it, whose index would lie in the boot loader.
 */
async function writeBootableJob(
  disk: FileHandle,
  prepared: PreparedJob,
  program: NanosProgram,
  boot: BootFiles,
): Promise<void> {
  const first = bootVolumeAt(boot.loader) / SECTOR
  const kernel: ImageFile = { path: 'kernel', content: boot.kernel, executable: false }
  const bootVolume = await writeTfs(
    disk,
    'boot',
    { files: [kernel] },
    { offset: first * SECTOR, spareSectors: LOG_SECTORS },
  )
  const second = first + bootVolume.sectors
  const content = rootContent(program, prepared, boot)
  const root = await writeTfs(disk, 'job', content, { offset: second * SECTOR, spareSectors: ROOT_SPARE_SECTORS })
  const loader = Buffer.from(boot.loader)
  writePartition(loader, 0, first, bootVolume.sectors)
  writePartition(loader, 1, second, root.sectors)
  await disk.write(loader, 0, loader.length, 0)
}

/** Where the first volume of a bootable disk begins: behind the boot loader and Nanos' log, which is 4 KiB. */
function bootVolumeAt(loader: Uint8Array): number {
  return Math.ceil(loader.length / SECTOR) * SECTOR + KERNEL_LOG_BYTES
}

function rootContent(program: NanosProgram, prepared: PreparedJob, boot?: BootFiles): TfsContent {
  const out = prepared.taskJson === undefined ? 'out' : 'workspace'
  const attributes = rootAttributes(program, `/${out}`)
  return {
    files: [...jobFiles(prepared), ...(boot?.root ?? [])],
    directories: ['app', out],
    links: program.links,
    attributes: boot === undefined ? attributes : new Map([...attributes, ['klibs', 't']]),
  }
}

/** For Nanos; our init makes them itself. */
function workspaceLinks(prepared: PreparedJob): Record<string, string> {
  return Object.fromEntries(workspaceNames(prepared).map((name) => [name, `/in/${name}`]))
}

function jobFiles(prepared: PreparedJob): ImageFile[] {
  const { taskJson } = prepared
  return [
    ...(taskJson === undefined ? [] : [{ path: 'in/task.json', content: taskJson, executable: false }]),
    { path: 'in/job.json', content: prepared.jobJson, executable: false },
    ...prepared.inputs.map((input) => ({ path: `in/${input.name}`, content: input, executable: false })),
  ]
}

/** What Nanos reads at its start. */
function rootAttributes({ argv, env }: NanosProgram, out: string): TfsTuple {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1')
  return new Map<string, string | TfsTuple | readonly string[]>([
    ['program', bytes(argv[0] ?? '')],
    ['arguments', argv.map(bytes)],
    ['environment', new Map(Object.entries(env).map(([name, value]) => [name, bytes(value)]))],
    ['cwd', out],
    ['mounts', new Map([[APP_LABEL, '/app:ro'], [OUT_LABEL, out]])],
    ['readonly_rootfs', 't'],
    // The exit code goes to QEMU's exit port.
    ['debug_exit', 't'],
  ]) // prettier-ignore
}

/** What our init reads before the program runs; see init.c. */
function execFields(prepared: PreparedJob, token: string, limits: RunLimits): Buffer {
  const env = Object.entries(prepared.env).map(([name, value]) => `${name}=${value}`)
  const links = workspaceNames(prepared)
  const fields = [
    token,
    limits.outputMiB,
    prepared.argv.length,
    ...prepared.argv,
    env.length,
    ...env,
    links.length,
    ...links,
  ]
  return Buffer.from(fields.map((field) => `${field}\0`).join(''))
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE
}

function writePartition(table: Buffer, index: number, sector: number, sectors: number): void {
  const at = SECTOR - 2 - (4 - index) * 16
  table.writeUInt8(PARTITION_TYPE, at + 4)
  table.writeUInt32LE(sector, at + 8)
  table.writeUInt32LE(sectors, at + 12)
}
