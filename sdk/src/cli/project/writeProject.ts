import { access, mkdir, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { cliError } from '../../errors/codes/cli.js'
import { ownManifest } from '../../ownVersion.js'
import { projectFiles } from './projectFiles.js'

/** What was written. */
export interface WrittenProject {
  readonly directory: string
  /** Names of the files. */
  readonly files: readonly string[]
}

/**
 * Writes a requester's project.
 * @param sdk What its package.json names for the SDK: a version, or the path of a tarball; by default this version.
 * @throws GevulotError CLI_FILE_EXISTS when one of its files is there already: then nothing is written; CLI_FILE_UNREADABLE
 */
export async function writeProject(path: string, sdk?: string): Promise<WrittenProject> {
  const directory = resolve(path)
  const versions = await ownVersions()
  const named = sdk?.endsWith('.tgz') === true ? `file:${relative(directory, resolve(sdk))}` : sdk
  const files = projectFiles(nameOf(directory), { ...versions, sdk: named ?? versions.sdk })
  try {
    await mkdir(directory, { recursive: true })
    for (const name of Object.keys(files)) {
      const there = join(directory, name)
      if (await exists(there)) throw cliError('CLI_FILE_EXISTS', `${there} exists`)
    }
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content, { flag: 'wx' })
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'GevulotError') throw cause
    throw cliError('CLI_FILE_UNREADABLE', `cannot write the project in ${directory}`, { cause })
  }
  return { directory, files: Object.keys(files) }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** The directory's name as npm takes it for a package. */
function nameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '')
  return name === '' ? 'requester' : name
}

/** The versions this package goes with. */
async function ownVersions() {
  const { version, dependencies, peerDependencies } = await ownManifest()
  return {
    sdk: version,
    ethers: dependencies['ethers'] ?? '',
    anvil: peerDependencies['@foundry-rs/anvil'] ?? '',
  }
}
