/**
 * What must be true before anything else can run: the right Node, the dependencies, the programs that run a prover.
 * Shared by `npm test` and `npm start`. Plain JavaScript without dependencies, because it runs before they are there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const MIN_NODE = [22, 13]

/** @param {string} text */
function say(text) {
  console.log(`▸ ${text}`)
}

/**
 * Runs a program with its output shown, and stops everything when it fails.
 * @param {string} command
 * @param {readonly string[]} args
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) return
  console.error(`\n${command} ${args.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}.`)
  process.exit(1)
}

/** The environment of a child that finds the programs of `node_modules` first. */
export function environment() {
  const path = [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  return { ...process.env, PATH: path }
}

/**
 * How to call the npm that started us, under the Node that runs us.
 * @returns {{ command: string, args: readonly string[] }}
 */
export function npm() {
  const cli = process.env['npm_execpath']
  return cli === undefined ? { command: 'npm', args: [] } : { command: process.execPath, args: [cli] }
}

/**
 * Stops with an explanation when this Node is too old.
 * @param {string} command What the person typed, for example `npm test`.
 */
export function ensureNode(command) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [wantMajor = 0, wantMinor = 0] = MIN_NODE
  if (major > wantMajor || (major === wantMajor && minor >= wantMinor)) return
  console.error(
    `This needs Node ${MIN_NODE.join('.')} or newer; this is Node ${process.versions.node}.\n` +
      `Without installing anything:\n\n    npx -y -p node@24 ${command}\n`,
  )
  process.exit(1)
}

/** @typedef {Record<string, { version?: string, link?: boolean, optional?: boolean }>} LockedPackages */

/**
 * @param {string} path
 * @returns {LockedPackages}
 */
function lockedPackages(path) {
  const lockfile = /** @type {{ packages: LockedPackages }} */ (JSON.parse(readFileSync(join(root, path), 'utf8')))
  return lockfile.packages
}

/** Whether every locked package is installed in its locked version. */
function dependenciesAreCurrent() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false
  const installed = lockedPackages('node_modules/.package-lock.json')
  return Object.entries(lockedPackages('package-lock.json')).every(([path, { version, link, optional }]) => {
    // Optional packages are for some platforms only; workspaces are links into the tree.
    if (!path.includes('node_modules/') || link === true || optional === true) return true
    return installed[path]?.version === version
  })
}

/** Installs the dependencies when they are missing or not those of the lockfile. */
export function ensureDependencies() {
  if (dependenciesAreCurrent()) return
  say('Installing dependencies (npm ci), about a minute the first time')
  const { command, args } = npm()
  run(command, [...args, 'ci'])
}

/** @param {string} program */
function onPath(program) {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [...folders, '/usr/sbin', '/sbin'].some((folder) => existsSync(join(folder, program)))
}

function hasCloudKernel() {
  return existsSync('/boot') && readdirSync('/boot').some((name) => /^vmlinuz-.*cloud-amd64$/.test(name))
}

/**
 * What a runtime, the build of the example programs, an example in another language, or a test of the worker needs from the system: a test for it and the Debian packages that bring it.
 * @type {Readonly<Record<Runtime, readonly { what: string, present: () => boolean, packages: readonly string[] }[]>>}
 * @typedef {'bubblewrap' | 'linux' | 'programs' | 'languages' | 'postgres' | 'browser'} Runtime
 */
const NEEDS = {
  bubblewrap: [{ what: 'bubblewrap (bwrap)', present: () => onPath('bwrap'), packages: ['bubblewrap'] }],
  linux: [
    { what: 'QEMU', present: () => onPath('qemu-system-x86_64'), packages: ['qemu-system-x86'] },
    { what: 'a Linux cloud kernel', present: hasCloudKernel, packages: ['linux-image-cloud-amd64'] },
    {
      what: 'a C compiler with the static C library',
      present: () => onPath('cc') && existsSync('/usr/lib/x86_64-linux-gnu/libc.a'),
      packages: ['gcc', 'libc6-dev'],
    },
  ],
  browser: [
    {
      what: 'Chromium',
      present: () => onPath('chromium') || onPath('chromium-browser') || process.env['CHROMIUM'] !== undefined,
      packages: ['chromium', 'fonts-dejavu-core'],
    },
  ],
  programs: [{ what: 'a C++ compiler', present: () => onPath('g++'), packages: ['g++'] }],
  // Those that are small; the tests of the others run where their toolchain is found.
  languages: [
    { what: 'Go', present: () => onPath('go'), packages: ['golang-go'] },
    { what: 'PHP', present: () => onPath('php'), packages: ['php-cli'] },
  ],
  postgres: [{ what: 'a Postgres server', present: () => existsSync('/usr/lib/postgresql'), packages: ['postgresql'] }],
}

/**
 * Looks for the programs of these runtimes: installs what is missing on Debian as root, else says what to install.
 * @param {{ runtimes: readonly Runtime[] }} options
 * @returns {boolean} Whether all of them are there.
 */
export function ensureSystemPackages({ runtimes }) {
  const missing = runtimes.flatMap((runtime) => NEEDS[runtime]).filter(({ present }) => !present())
  if (missing.length === 0) return true
  const packages = missing.flatMap((need) => need.packages)
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  say(`Missing: ${missing.map(({ what }) => what).join(', ')}`)
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    console.error(`\nWhat needs them fails or is skipped. On Debian:\n\n    sudo apt-get update && sudo ${install}\n`)
    return false
  }
  say(`Installing ${packages.join(', ')} with apt-get`)
  process.env['DEBIAN_FRONTEND'] = 'noninteractive'
  run('apt-get', ['update', '-qq'])
  run('apt-get', install.split(' ').slice(1))
  return true
}
