import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { Command, Parse } from '../../sdk/src/cli/Command.js'
import { commands } from '../../sdk/src/cli/commands/index.js'
import { EXIT_CODES } from '../../sdk/src/cli/exitCodes.js'
import { runCli } from '../support/cli.js'
import { Terminal } from '../support/Terminal.js'
import { useTemporaryDirectory } from '../support/temporary.js'

/** One of them is what any argument wants. */
const VALUES = [
  './nothing.json',
  `0x${'11'.repeat(32)}`,
  `0x${'11'.repeat(20)}`,
  '1',
  '100',
  'bash',
  'a-name',
  'prove',
  'http://127.0.0.1:9',
]
const AT_ONCE = 3
/** Ctrl-U. */
const KILL_LINE = '\u0015'

/** What a parser takes. */
function valueFor(parse: Parse<unknown>): string {
  const found = VALUES.find((value) => {
    try {
      parse(value)
      return true
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error('no value fits; add one to VALUES')
  return found
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A whole command line, with what it cannot go without. */
function lineOf({ name, args, options }: Command): string[] {
  const given = Object.values(args ?? {}).filter(({ optional }) => optional !== true)
  const wanted = Object.entries(options ?? {}).flatMap(([option, one]) =>
    one.kind === 'value' && one.required === true ? [`--${kebab(option)}`, valueFor(one.parse)] : [],
  )
  return [...name.split(' '), ...given.map(({ parse }) => valueFor(parse)), ...wanted]
}

describe('cli: every command', function () {
  this.timeout(300_000)
  const directory = useTemporaryDirectory()
  /** What a network of one's own would want. */
  let port: Server

  before(async () => {
    port = createServer().listen(0, '127.0.0.1')
    await once(port, 'listening')
  })
  after(() => port.close())

  it('answers with one JSON document, whatever becomes of it', async () => {
    const waiting = [...commands]
    const answers = new Map<string, string>()
    const take = async (): Promise<void> => {
      for (let command = waiting.pop(); command !== undefined; command = waiting.pop()) {
        // Everything that has to do with a network finds none, and the network of this machine finds its place taken.
        const settings = command.name === 'devnet' ? ['--port', String((port.address() as AddressInfo).port)] : ['--rpc-url', 'http://127.0.0.1:9'] // prettier-ignore
        const { code, stdout, stderr } = await runCli([...lineOf(command), ...settings, '--json'], { cwd: directory() })
        const name = `gevulot ${command.name}: ${code}\n${stdout}${stderr}`
        expect(
          Object.values(EXIT_CODES).map((one) => one.code),
          name,
        ).to.include(code ?? -1)
        if (stdout === '') {
          const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { error: Record<string, unknown> }
          expect(error.code, name).to.match(/^[A-Z]+_[A-Z_]+$/)
          expect(error, name).to.include.keys('message', 'hint', 'retryable')
          expect(code, name).not.to.equal(0)
        } else {
          expect(typeof JSON.parse(stdout), name).to.equal('object')
        }
        answers.set(command.name, stdout)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, take))
    expect(answers.size).to.equal(commands.length)
  })

  describe('completion', () => {
    /** Completes the last of these words. */
    type Complete = (script: string, words: readonly string[]) => Promise<string[]>
    const run = promisify(execFile)
    const shells: Readonly<Record<string, Complete>> = {
      bash: async (script, words) => {
        const list = words.map((word) => `'${word}'`).join(' ')
        const text = `source '${script}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _gevulot; printf '%s\\n' "\${COMPREPLY[@]}"`
        return (await run('bash', ['--norc', '-c', text])).stdout.trim().split('\n')
      },
      fish: async (script, words) => {
        const text = `source '${script}'; complete --do-complete '${words.join(' ')}'`
        return (await run('fish', ['--no-config', '-c', text])).stdout.trim().split('\n').map((line) => line.split('\t')[0] ?? '') // prettier-ignore
      },
    }

    const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0

    async function scriptOf(shell: string): Promise<string> {
      const script = join(directory(), `gevulot.${shell}`)
      await writeFile(script, (await runCli(['completion', shell], { cwd: directory() })).stdout)
      return script
    }

    for (const [shell, complete] of Object.entries(shells)) {
      it(`${shell} finds groups, commands, options and their words`, async function () {
        if (!isThere(shell)) {
          console.log(`      SKIP there is no ${shell}: apt-get install ${shell}`)
          this.skip()
        }
        const script = await scriptOf(shell)
        const group = new Set(commands.map(({ name }) => name.split(' ')[0]))
        expect(await complete(script, ['gevulot', ''])).to.include.members([...group])
        for (const { name } of commands.filter((command) => command.name.includes(' '))) {
          const [first = '', second = ''] = name.split(' ')
          expect(await complete(script, ['gevulot', first, second]), name).to.include(second)
        }
        expect(await complete(script, ['gevulot', 'work'])).to.deep.equal(['workload'])
        expect(await complete(script, ['gevulot', 'workload', 'submit', '--max'])).to.have.members([
          ...['--max-run-time', '--max-fee-per-gas', '--max-priority-fee-per-gas'],
        ])
        expect(await complete(script, ['gevulot', 'workload', 'quote', '--max'])).to.deep.equal(['--max-run-time'])
        expect(await complete(script, ['gevulot', 'completion', 'f'])).to.deep.equal(['fish'])
        expect(await complete(script, ['gevulot', 'devnet', '--runtime', ''])).to.have.members(['bubblewrap', 'linux'])
        expect(await complete(script, ['gevulot', 'program', 'run', '0x', '--accel', 'k'])).to.deep.equal(['kvm'])
      })
    }

    // As a person sees it: keys pressed in a terminal. The shells start with no settings, as on a fresh machine.
    const interactive: Readonly<Record<string, readonly string[]>> = {
      bash: ['bash', '--norc', '--noprofile', '-i'],
      zsh: ['zsh', '-f', '-i'],
      fish: ['fish', '--no-config', '--interactive'],
    }
    for (const [shell, command] of Object.entries(interactive)) {
      it(`${shell} completes at its prompt, files too`, async function () {
        if (!isThere(shell)) {
          console.log(`      SKIP there is no ${shell}: apt-get install ${shell}`)
          this.skip()
        }
        const script = await scriptOf(shell)
        await writeFile(join(directory(), 'my worker.json'), '{}')
        const terminal = new Terminal(command, {
          columns: 120,
          cwd: directory(),
          env: { HOME: directory(), PS1: '> ' },
        })
        try {
          terminal.type(`source '${script}'; echo read''y\r`)
          await terminal.until(/ready/)
          for (const [keys, wanted] of [
            ['gevulot work\t', /workload/],
            ['sub\t --max-r\t', /--max-run-time/],
            [`${KILL_LINE}gevulot azt\t`, /aztec/],
            [`${KILL_LINE}gevulot devnet --runtime bub\t`, /bubblewrap/],
            [`${KILL_LINE}gevulot prover run my\t`, /worker\.json/],
          ] as const) {
            const from = terminal.text.length
            terminal.type(keys)
            await terminal.until(wanted, from)
          }
        } finally {
          await terminal.close()
        }
      })
    }
  })
})
