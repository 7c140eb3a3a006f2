/**
 * The lockfile must list the packages of every platform, or `npm ci` refuses it. npm leaves out those that the registry
 * at hand does not carry, so we add them: their version is pinned by the package that wants them, and the system
 * they are for is in their name. They carry no checksum until someone on that system locks them again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './artifacts.js'

export const lockfilePath = join(root, 'package-lock.json')

interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']
const OTHER_NAMES: Readonly<Record<string, string>> = { amd64: 'x64', windows: 'win32' }

interface Platform {
  readonly cpu: readonly string[]
  readonly libc: readonly string[] | undefined
  readonly os: readonly string[]
}

/** The platform that a package such as `@rollup/rollup-linux-x64-musl` is for. */
function platformOf(name: string): Platform {
  const words = name.split(/[/-]/).map((word) => OTHER_NAMES[word] ?? word)
  const os = words.filter((word) => SYSTEMS.includes(word))
  const cpu = words.filter((word) => PROCESSORS.includes(word))
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name} does not say which platform it is for`)
  const musl = words.some((word) => word.startsWith('musl'))
  const glibc = os[0] === 'linux' && words.some((word) => word.startsWith('gnu'))
  return { cpu, libc: musl || glibc ? [musl ? 'musl' : 'glibc'] : undefined, os }
}

/** Whether the package at `from` would find this version of `name`: in its own `node_modules` or one above it. */
function finds({ packages }: Lockfile, from: string, name: string, version: string): boolean {
  const nearest = packages[`${from === '' ? '' : `${from}/`}node_modules/${name}`]
  if (nearest !== undefined) return nearest.version === version
  if (from === '') return false
  return finds({ packages }, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name, version)
}

/** Entries for the optional packages that are wanted but not listed, by path. */
export function missingPackages(lockfile: Lockfile): Record<string, unknown> {
  const missing = Object.entries(lockfile.packages).flatMap(([wantedBy, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      // A range is not a platform package; npm lists those itself.
      .filter(([name, version]) => /^\d/.test(version) && !finds(lockfile, wantedBy, name, version))
      .map(([name, version]) => {
        const path =
          `node_modules/${name}` in lockfile.packages ? `${wantedBy}/node_modules/${name}` : `node_modules/${name}`
        const { cpu, libc, os } = platformOf(name)
        return [path, { version, cpu, ...(dev === true ? { dev } : {}), ...(libc ? { libc } : {}), optional: true, os }]
      }),
  )
  return Object.fromEntries(missing) as Record<string, unknown>
}

export function readLockfile(): Lockfile {
  return JSON.parse(readFileSync(lockfilePath, 'utf8')) as Lockfile
}
