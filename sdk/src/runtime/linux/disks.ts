import { randomBytes } from 'node:crypto'
import { access, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPackage } from '../../content/index.js'
import { diskError } from '../../content/writeAtomically.js'
import type { PreparedJob } from '../prepareJob.js'
import type { RunLimits } from '../Runtime.js'
import { writeErofsImage } from './erofsImage.js'
import { outputDiskBytes, type Disks } from './qemuCommand.js'

/**
 * Makes the three disks of a run. The program's is kept beside the package, so it is made once; the others belong to the
 * run and lie in `directory`.
 */
export async function makeDisks(
  directory: string,
  local: LocalPackage,
  prepared: PreparedJob,
  token: string,
  limits: RunLimits,
): Promise<Disks> {
  const disks = { program: await programDisk(local), job: join(directory, 'job.img'), out: join(directory, 'out.img') }
  try {
    await writeErofsImage(disks.job, [
      { path: 'exec', content: execFields(prepared, token, limits), executable: false },
      { path: 'in/job.json', content: prepared.jobJson, executable: false },
      ...prepared.inputs.map((input) => ({ path: `in/${input.name}`, content: input, executable: false })),
    ])
    const out = await open(disks.out, 'wx', 0o600)
    await out.truncate(outputDiskBytes(limits)).finally(() => out.close())
  } catch (error) {
    throw diskError(error, directory)
  }
  return disks
}

/** The name tells the layout's version: a package outlives the version of the code that made its image. */
async function programDisk(local: LocalPackage): Promise<string> {
  const path = join(local.directory, 'program-1.erofs')
  const there = await access(path).then(
    () => true,
    () => false,
  )
  if (there) return path
  const fresh = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    await writeErofsImage(
      fresh,
      local.manifest.files.map((file) => ({
        path: file.path,
        content: { path: join(local.files, file.path), size: file.size },
        executable: file.mode === '0755',
      })),
    )
    await rename(fresh, path)
  } catch (error) {
    throw diskError(error, fresh)
  } finally {
    await rm(fresh, { force: true })
  }
  return path
}

/** What init reads before the program runs; see init.c. The program cannot see it. */
function execFields(prepared: PreparedJob, token: string, limits: RunLimits): Buffer {
  const env = Object.entries(prepared.env).map(([name, value]) => `${name}=${value}`)
  const fields = [token, limits.outputMiB, prepared.argv.length, ...prepared.argv, env.length, ...env]
  return Buffer.from(fields.map((field) => `${field}\0`).join(''))
}
