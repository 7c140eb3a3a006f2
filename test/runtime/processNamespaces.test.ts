import { execFile } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { RuntimeCheck } from '../../sdk/src/runtime/Runtime.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const root = join(import.meta.dirname, '../..')
const CHECK = join(root, 'test/support/checkRuntimeProcess.ts')
const execute = promisify(execFile)

// Numbers up to 5 are taken and given back; Node.js and its threads get later ones.
const NO_THREE = 'true & true & true & true & wait; [ ! -e /proc/3 ] || exit 9'
// What container engines cover, as far as this kernel has it.
const COVERED = [
  'for part in sys irq bus; do [ ! -e /proc/$part ] || mount --bind -o ro /proc/$part /proc/$part; done',
  'for part in kcore keys timer_list; do [ ! -e /proc/$part ] || mount --bind /dev/null /proc/$part; done',
]
const isRoot = process.getuid?.() === 0
// Who is no root gets to be it in a user namespace, for the steps, and is an ordinary user again in one within.
const NAMESPACES = ['--pid', '--fork', '--mount-proc', ...(isRoot ? [] : ['--map-root-user'])]
const AS_USER = isRoot
  ? ['setpriv', '--reuid=1899999999', '--regid=1899999999', '--clear-groups']
  : ['unshare', '--user', '--map-user=1000', '--map-group=1000']

describe('runtime bubblewrap in the process namespace of a container', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()

  async function within(steps: readonly string[], command: readonly string[]): Promise<string> {
    const script = ['set -e', ...steps, 'exec "$@"'].join('\n')
    const { stdout } = await execute('unshare', [...NAMESPACES, 'sh', '-c', script, 'sh', ...command], { cwd: root })
    return stdout
  }

  /** Checks the runtime, which runs a program in it, where `steps` have led. */
  async function check(steps: readonly string[], as: readonly string[]): Promise<RuntimeCheck> {
    const command = [...as, process.execPath, '--import', 'tsx', CHECK, directory()]
    return JSON.parse(await within([...steps, NO_THREE], command)) as RuntimeCheck
  }

  async function runs(steps: readonly string[], as: readonly string[]): Promise<void> {
    const outcome = await check(steps, as)
    expect(outcome, JSON.stringify(outcome)).to.include({ available: true })
  }

  before(async function () {
    chmodSync(directory(), 0o777)
    try {
      await within([], ['bwrap', '--version'])
    } catch (error) {
      console.log(`      SKIP: no namespaces, or no bubblewrap: ${String(error)}`)
      this.skip()
    }
  })

  describe('as an ordinary user', () => {
    before(async function () {
      try {
        await within([], [...AS_USER, process.execPath, '--import', 'tsx', '--check', CHECK])
      } catch (error) {
        console.log(`      SKIP: an ordinary user cannot read this folder: ${String(error)}`)
        this.skip()
      }
    })

    it('runs where no process has the number 3', () => runs([], AS_USER))

    it('runs where processes of others are hidden', () =>
      runs(['mount -t proc -o hidepid=invisible proc /proc'], AS_USER))

    it('runs where parts of /proc are covered, but a whole one stands elsewhere', () =>
      runs([...COVERED, 'mount -t tmpfs tmpfs /mnt', 'mkdir /mnt/proc', 'mount -t proc proc /mnt/proc'], AS_USER))

    it('says what a container has to allow where parts of /proc are covered', async () => {
      const outcome = await check(COVERED, AS_USER)
      if (outcome.available) throw new Error('the kernel showed a user what was covered')
      expect(outcome.reason).to.contain("Can't mount proc")
      expect(outcome.fix).to.contain('systempaths=unconfined')
    })
  })

  describe('as root', () => {
    before(function () {
      if (isRoot) return
      console.log('      SKIP: needs root')
      this.skip()
    })

    it('runs where no process has the number 3', () => runs([], []))

    it('runs where parts of /proc are covered', () => runs(COVERED, []))
  })
})
