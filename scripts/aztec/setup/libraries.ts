import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { GLIBC_WANTED, LIBRARY_PACKAGES, LIBRARY_SUITE, PATCHELF_SUITE } from './pins.js'
import { run, type Setup } from './Setup.js'

const LIMIT_MS = 10 * 60_000
const ONLINE = 'It needs Debian’s packages: run it again when their server can be reached. What is done is kept.'
const LOADER = 'ld-linux-x86-64.so.2'

/** The Node.js of this repository, a package of npm. */
const NODE = createRequire(import.meta.url).resolve('node/bin/node')

/**
 * Makes a Node.js that can load Aztec's native modules: this repository's own where the C library is new enough, else a copy of it that
 * uses the C library of a newer Debian, from a private folder.
 * @returns Path of the Node.js, and of the libraries for other programs; undefined: none are needed.
 */
export async function prepareNode(setup: Setup): Promise<{ readonly node: string; readonly libraries?: string }> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `Aztec's native modules are used as built for Linux on x86-64; this is ${process.platform} on ${process.arch}.`,
    )
  }
  if (isNewEnough()) return { node: NODE }
  for (const tool of ['/usr/bin/apt-get', '/usr/bin/dpkg-deb']) {
    if (existsSync(tool)) continue
    throw new Error(
      `Aztec's native modules need glibc ${GLIBC_WANTED.join('.')}; this machine has ${glibc() ?? 'another C library'}, and no ${tool} to get one with.\n` +
        'Use Debian 12 or newer, or another Linux with that glibc (as Ubuntu 24.04 has).',
    )
  }
  const libraries = setup.path('libraries', 'usr', 'lib', 'x86_64-linux-gnu')
  const node = setup.path('bin', 'node')
  await setup.step(
    'libraries',
    `the C library of Debian ${LIBRARY_SUITE} (this machine has ${glibc()}), about ten seconds`,
    [LIBRARY_PACKAGES, LIBRARY_SUITE, PATCHELF_SUITE],
    () => fetchLibraries(setup),
  )
  await setup.step('node', 'a copy of Node.js that uses it', process.versions.node, async () => {
    mkdirSync(setup.path('bin'), { recursive: true })
    await useLibraries(setup, NODE, node, libraries)
  })
  return { node, libraries }
}

/** Copies a program so that it uses the private libraries. */
export async function useLibraries(setup: Setup, from: string, to: string, libraries: string): Promise<void> {
  copyFileSync(from, to)
  chmodSync(to, 0o755)
  const patchelf = setup.path('tools', 'usr', 'bin', 'patchelf')
  // Both at once: the second call would read what the first has moved.
  const args = ['--set-interpreter', join(libraries, LOADER), '--set-rpath', libraries, '--force-rpath', to]
  // Started by the newer Debian's loader: then it does not matter what this machine has.
  const started = ['--library-path', libraries, patchelf, ...args]
  await run(join(libraries, LOADER), started, { limit: LIMIT_MS, hint: `${to} could not be given other libraries.` })
}

function glibc(): string | undefined {
  const { header } = process.report.getReport() as unknown as {
    readonly header: { readonly glibcVersionRuntime?: string }
  }
  return header.glibcVersionRuntime
}

function isNewEnough(): boolean {
  const [major = 0, minor = 0] = (glibc() ?? '').split('.').map(Number)
  return major > GLIBC_WANTED[0] || (major === GLIBC_WANTED[0] && minor >= GLIBC_WANTED[1])
}

/** Downloads packages without a change of the system: apt with a configuration, lists and a cache of its own. */
async function fetchLibraries(setup: Setup): Promise<void> {
  const apt = setup.fresh('apt')
  for (const folder of ['lists/partial', 'cache/archives/partial', 'state', 'debs'])
    mkdirSync(join(apt, folder), { recursive: true })
  const mirror = await mirrorOf()
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  const sources = [LIBRARY_SUITE, PATCHELF_SUITE].map((suite) => `deb [signed-by=${keys}] ${mirror} ${suite} main\n`)
  writeFileSync(join(apt, 'sources.list'), sources.join(''))
  writeFileSync(join(apt, 'state', 'status'), '')
  const settings = [
    `Dir::State "${apt}/state"`,
    `Dir::State::Lists "${apt}/lists"`,
    `Dir::State::status "${apt}/state/status"`,
    `Dir::Cache "${apt}/cache"`,
    `Dir::Etc::SourceList "${apt}/sources.list"`,
    'Dir::Etc::SourceParts "/dev/null"',
    // Without it the sandbox user of apt would have to be able to write here.
    'APT::Sandbox::User "root"',
  ]
  const config = join(apt, 'apt.conf')
  writeFileSync(config, settings.map((line) => `${line};\n`).join(''))
  const env = { ...process.env, APT_CONFIG: config }
  const at = { cwd: join(apt, 'debs'), env, limit: LIMIT_MS, hint: ONLINE }
  await run('apt-get', ['update', '-qq'], at)
  await run(
    'apt-get',
    ['download', '-qq', ...LIBRARY_PACKAGES.map((name) => `${name}/${LIBRARY_SUITE}`), `patchelf/${PATCHELF_SUITE}`],
    at,
  )
  for (const folder of ['libraries', 'tools']) setup.fresh(folder)
  for (const file of readdirSync(at.cwd)) {
    const folder = file.startsWith('patchelf_') ? 'tools' : 'libraries'
    await run('dpkg-deb', ['-x', join(at.cwd, file), setup.path(folder)], {
      limit: LIMIT_MS,
      hint: `${file} is damaged.`,
    })
  }
}

/** The server that this machine has Debian's packages from. */
async function mirrorOf(): Promise<string> {
  const format = '$(ORIGIN)|$(LABEL)|$(REPO_URI)'
  const hint = 'The sources of apt could not be read.'
  const text = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    limit: LIMIT_MS,
    hint,
  })
  const found = text.split('\n').find((line) => line.startsWith('Debian|Debian|'))
  if (found === undefined) {
    throw new Error('apt knows no server of Debian: is this Debian, and was `apt-get update` ever run?')
  }
  return found.slice('Debian|Debian|'.length)
}
