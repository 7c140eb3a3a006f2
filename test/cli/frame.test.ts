import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { CONTRACT_ROLES } from '../../sdk/src/chain/deployment.js'
import type { Clock } from '../../sdk/src/clock.js'
import { Activity } from '../../sdk/src/cli/Activity.js'
import { commands } from '../../sdk/src/cli/commands/index.js'
import { formatDistance, formatProgress, formatTokens } from '../../sdk/src/cli/format.js'
import { layTable } from '../../sdk/src/cli/layTable.js'
import { Output, printable } from '../../sdk/src/cli/Output.js'
import { GROUPS } from '../../sdk/src/cli/program.js'
import { tokens } from '../../sdk/src/cli/parsers.js'
import { CLI_ERRORS } from '../../sdk/src/errors/codes/cli.js'
import { runCli } from '../support/cli.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('cli: frame', function () {
  this.timeout(180_000)
  const directory = useTemporaryDirectory()
  const run = (...args: string[]) => runCli(args, { cwd: directory() })

  it('reaches no dependency but the argument parser before a command runs', async () => {
    const seen = new Set<string>()
    const packages = new Set<string>()
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return
      seen.add(path)
      const source = await readFile(path, 'utf8')
      for (const [, kind = '', from = ''] of source.matchAll(/^(import|export)\s(?!type\s)[^;']*?from '([^']+)'/gm)) {
        if (from.startsWith('.')) await visit(join(dirname(path), from.replace(/\.js$/, '.ts')))
        else if (!from.startsWith('node:')) packages.add(`${kind} ${from}`)
      }
    }
    await visit(join(root, 'sdk/src/cli/main.ts'))
    expect(seen.size).to.be.greaterThan(commands.length)
    expect([...packages]).to.deep.equal(['import commander'])
  })

  it('every group says what it is about, and the page has every command', async () => {
    const page = await readFile(join(root, 'docs/cli.md'), 'utf8')
    for (const { name } of commands) {
      const [first = '', second] = name.split(' ')
      if (second !== undefined) expect(GROUPS).to.have.property(first)
      expect(page).to.match(new RegExp(`^### gevulot ${name}( |$)`, 'm'))
    }
  })

  it('every command has a help with its own example', async () => {
    const { code, stdout } = await run('--help')
    expect(code).to.equal(0)
    for (const { name, summary, examples } of commands) {
      expect(stdout, name).to.include(name.split(' ')[0])
      expect(summary, name).to.match(/^[A-Z].*[^.]$/)
      expect(examples, name).to.satisfy((lines: string[]) => lines.every((line) => line.startsWith(name)))
      expect(examples, name).not.to.be.empty
    }
    const help = await run('workload', 'submit', '--help')
    expect(help.code).to.equal(0)
    expect(help.stdout).to.include('--max-run-time <seconds>').and.include('Examples:\n  gevulot workload submit')
  })

  it('every command that opens an account to send with takes what its transactions may cost, and no other', async () => {
    const only = new Set(['account balance', 'prover history', 'prover status', 'validator status', 'aztec sign-bond'])
    for (const { name, sends } of commands) {
      const [first = '', ...rest] = name.split(/[ -]/)
      const file = first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
      const source = await readFile(join(root, 'sdk/src/cli/commands', `${file}.ts`), 'utf8')
      const opens = /context\.client\(\)|openBonds\(context|openSigner\(/.test(source)
      expect(sends === true, name).to.equal(opens && !only.has(name))
    }
    const helpOf = async (...words: string[]): Promise<string> => (await run(...words, '--help')).stdout
    expect(await helpOf('prover', 'stake'))
      .to.include('--max-fee-per-gas <gwei>')
      .and.include('--max-priority-fee-per-gas <gwei>')
    expect(await helpOf('prover', 'status')).not.to.include('gwei')
    expect((await run('prover', 'status', '--max-fee-per-gas', '1')).stderr).to.include('unknown option')
  })

  it('a wrong command line ends with 2 and says what is wrong, in both forms', async () => {
    for (const [args, message] of [
      [[], 'no command'],
      [['workload'], 'no command'],
      [['workload', 'statu'], "unknown command 'statu'"],
      [['workload', 'status'], "missing required argument 'workload'"],
      [['workload', 'status', '0x12'], 'must be 0x and 64 hexadecimal digits'],
      [['workload', 'status', `0x${'1'.repeat(64)}`, '--frob'], "unknown option '--frob'"],
      [['account', 'deposit', '1e3'], 'must be an amount of tokens'],
      [['workload', 'submit', `0x${'1'.repeat(64)}`, '--max-run-time', '9'], 'either --input is needed'],
    ] as const) {
      const plain = await run(...args)
      expect(plain.code, args.join(' ')).to.equal(2)
      expect(plain.stdout).to.equal('')
      expect(plain.stderr, args.join(' ')).to.include(message).and.include('CLI_USAGE')
    }
    const { code, stderr } = await run('workload', 'status', '0x12', '--json')
    expect(code).to.equal(2)
    expect((JSON.parse(stderr) as { error: object }).error).to.include({ code: 'CLI_USAGE', retryable: false })
  })

  it('an endpoint that is down is temporary: 75', async () => {
    const record = join(directory(), 'record.json')
    const entry = {
      contract: 'X',
      address: `0x${'11'.repeat(20)}`,
      block: 1,
      transaction: `0x${'22'.repeat(32)}`,
      arguments: [],
      codeHash: `0x${'33'.repeat(32)}`,
    }
    const roles = [...CONTRACT_ROLES, 'extension']
    const contracts = Object.fromEntries(roles.map((role) => [role, entry]))
    await writeFile(record, JSON.stringify({ schema: 'gevulot/deployment@1', chainId: 1, network: 'x', contracts }))
    const { code, stderr } = await run('program', 'list', '--rpc-url', 'http://127.0.0.1:9', '--deployment', record)
    expect(stderr).to.include('CHAIN_RPC_UNAVAILABLE')
    expect(code).to.equal(75)
  })

  it('settings: option over environment over the nearest file; unknown fields are refused', async () => {
    const home = join(directory(), 'project')
    await mkdir(join(home, 'deep/er'), { recursive: true })
    await writeFile(
      join(home, 'gevulot.json'),
      JSON.stringify({ rpcUrl: 'http://127.0.0.1:9', deployment: 'file.json' }),
    )
    const at = (args: string[], env = {}) => runCli(['program', 'list', ...args], { cwd: join(home, 'deep/er'), env })
    expect((await at([])).stderr).to.include(`cannot read ${join(home, 'file.json')}`)
    expect((await at([], { GEVULOT_DEPLOYMENT: 'env.json' })).stderr).to.include('cannot read env.json')
    const both = await at(['--deployment', 'option.json'], { GEVULOT_DEPLOYMENT: 'env.json' })
    expect(both.stderr).to.include('cannot read option.json')
    expect(both.code).to.equal(1)
    await writeFile(join(home, 'gevulot.json'), JSON.stringify({ rpcURL: 'http://127.0.0.1:9' }))
    expect((await at([])).stderr)
      .to.include('"rpcURL" is not a field')
      .and.include('CLI_CONFIG_INVALID')
    expect((await at(['--config', 'none.json'])).stderr).to.include('CLI_CONFIG_INVALID')
  })

  it('makes a keystore that only its owner can read, and never overwrites one', async () => {
    const file = join(directory(), 'keys/new.json')
    const env = { GEVULOT_KEY_PASSWORD: 'correct horse' }
    const make = (extra: Record<string, string> = env) =>
      runCli(['account', 'new', file, '--json'], { cwd: directory(), env: extra })
    expect((await make({})).stderr).to.include('CLI_KEY_LOCKED')
    expect((await make({ GEVULOT_KEY_PASSWORD: 'short' })).code).to.equal(1)
    const made = await make()
    expect(made.json())
      .to.have.property('account')
      .that.matches(/^0x[0-9a-fA-F]{40}$/)
    expect(made.stdout + made.stderr).not.to.include('correct horse')
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    const text = await readFile(file, 'utf8')
    expect((await make()).stderr).to.include('CLI_FILE_EXISTS')
    expect(await readFile(file, 'utf8')).to.equal(text)
    await chmod(file, 0o600)
  })

  it('amounts, times and tables', () => {
    expect(tokens('12.5')).to.equal(12_500_000_000_000_000_000n)
    expect(() => tokens('0.0000000000000000001')).to.throw()
    expect(() => tokens('-1')).to.throw()
    expect(formatTokens(1_234_567n * 10n ** 18n + 5n)).to.equal('1,234,567.000000000000000005 GVLT')
    expect(formatDistance(100, 160)).to.equal('60 s ago')
    const out: string[] = []
    const options = { json: false, colour: false, write: (text: string) => out.push(text), complain: () => undefined }
    const id = `0x${'ab'.repeat(31)}cd`
    const wide = new Output({ ...options, columns: undefined }).table(['ID', 'N'], [[id, '1']])
    expect(wide[1]).to.equal(`${id}  1`)
  })

  it('tables: numbers point under point, figures whole, and names with values where columns do not fit', () => {
    const rows = [
      ['a name that is long and may be cut', 'Proven', '1,234 GVLT', ''],
      ['another that nobody has to copy', 'running', '0.0625 GVLT', ''],
    ]
    const lay = (columns: number | undefined) => layTable(['NAME', 'OUTCOME', 'FEE', ''], rows, columns)
    expect(lay(50)).to.deep.equal([
      'NAME                      OUTCOME              FEE',
      'a name that … may be cut  Proven   1,234      GVLT',
      'another that…has to copy  running      0.0625 GVLT',
    ])
    for (let columns = 120; columns > 41; columns--) {
      for (const line of lay(columns) ?? []) expect(line.length, `${columns}: ${line}`).to.be.at.most(columns)
      expect(lay(columns)?.[2]).to.include('0.0625 GVLT')
    }
    expect(lay(30)).to.equal(undefined)
    const out = new Output({ json: false, colour: false, write: () => 0, complain: () => 0, columns: 30 })
    expect(out.table(['NAME', 'OUTCOME', 'FEE', ''], rows.slice(1))).to.deep.equal([
      ...['NAME     another that nobody', '         has to copy', 'OUTCOME  running', 'FEE      0.0625 GVLT'],
    ])
    // Prose goes on below itself.
    expect(out.facts([['why', 'words that take more room than there is']])).to.deep.equal([
      ...['why  words that take more room', '     than there is'],
    ])
  })

  it('tables: ids are never cut; where they have no room each goes below its row, the last column first', () => {
    const [workload, program, account] = [`0x${'ab'.repeat(32)}`, `0x${'CD'.repeat(32)}`, `0x${'12'.repeat(20)}`]
    const headings = ['WORKLOAD', 'OUTCOME', 'UNTIL', 'PROGRAM', 'BY']
    const rows = [
      [workload, 'Proven', '2026-11-29T20:00:00Z', program, account],
      [program, 'running', '', workload, 'validators'],
      [account, 'InputsUnavailable', '', '', ''],
    ]
    const lay = (columns: number) => layTable(headings, rows, columns) ?? []
    expect(lay(219)).to.have.length(4)
    expect(lay(218)).to.deep.equal([
      `${'WORKLOAD'.padEnd(66)}  ${'OUTCOME'.padEnd(17)}  ${'UNTIL'.padEnd(20)}  PROGRAM`,
      `${workload}  ${'Proven'.padEnd(17)}  2026-11-29T20:00:00Z  ${program}`,
      `  BY  ${account}`,
      `${program}  ${'running'.padEnd(17)}  ${' '.repeat(20)}  ${workload}`,
      '  BY  validators',
      `${account}${' '.repeat(24)}  InputsUnavailable`,
    ])
    expect(lay(120)[0]).to.equal(`${'WORKLOAD'.padEnd(66)}  ${'OUTCOME'.padEnd(17)}  UNTIL`)
    expect(lay(80)).to.deep.equal([
      'OUTCOME            UNTIL',
      ...['Proven             2026-11-29T20:00:00Z'],
      ...[`  WORKLOAD  ${workload}`, `  PROGRAM   ${program}`, `  BY        ${account}`],
      ...['running', `  WORKLOAD  ${program}`, `  PROGRAM   ${workload}`, '  BY        validators'],
      ...['InputsUnavailable', `  WORKLOAD  ${account}`],
    ])
    for (let columns = 230; columns > 20; columns--) {
      const out = new Output({ json: false, colour: false, write: () => 0, complain: () => 0, columns })
      const text = out.table(headings, rows).join('\n')
      for (const id of [workload, program, account]) expect(text.split(id).length, `${columns}\n${text}`).to.be.above(2)
      expect(text, String(columns)).to.include('2026-11-29T20:00:00Z')
    }
    // Names are painted as headings are, and a table of nothing else is a list.
    expect(layTable(headings, rows.slice(1, 2), 80, (text) => `<${text}>`)?.[2]).to.equal(`  <WORKLOAD>  ${program}`)
    expect(layTable(['A', 'B'], [[workload, program]], 60)).to.equal(undefined)
  })

  it('names and values: an id that has no room beside its name stands whole below it', () => {
    const id = `0x${'ab'.repeat(32)}`
    const at = (columns: number | undefined) =>
      new Output({ json: false, colour: false, write: () => 0, complain: () => 0, columns })
    for (const name of ['commits until', 'verdicts until', 'a prover gave up', 'verifier contract']) {
      const pairs = [
        [name, '2026-11-29T20:00:00Z (in 3 min)'],
        ['workload', id],
        ['program', `${id}  over public_inputs`],
        ['by', 'a validator'],
      ] as const
      const lines = at(80).facts(pairs)
      expect(lines).to.deep.equal([
        `${name}  2026-11-29T20:00:00Z (in 3 min)`,
        ...['workload', `  ${id}`],
        ...['program', `  ${id}  over`, '  public_inputs'],
        `${'by'.padEnd(name.length)}  a validator`,
      ])
      expect(at(undefined).facts(pairs)[1]).to.equal(`${'workload'.padEnd(name.length)}  ${id}`)
      // What is wider than the terminal by itself is left to it.
      expect(at(60).facts(pairs)[1]).to.equal(`${'workload'.padEnd(name.length)}  ${id}`)
    }
    const rows = [['Proven', '2026-11-29T20:00:00Z', id, id]]
    expect(layTable(['OUTCOME', 'WHEN', 'WORKLOAD', 'TRANSACTION'], rows, 80)).to.deep.equal([
      ...['OUTCOME  WHEN', 'Proven   2026-11-29T20:00:00Z'],
      ...['  WORKLOAD', `    ${id}`, '  TRANSACTION', `    ${id}`],
    ])
  })

  it('breaks what people read between words, and nothing that is to be copied', () => {
    let out = ''
    const options = { json: false, colour: false, write: (text: string) => (out += text) }
    const output = new Output({ ...options, complain: options.write, columns: 20, progressColumns: 20 })
    output.report({}, ['words that go on for long', '  gevulot workload list --limit 100'])
    output.report({}, ['time,kind,an open slot,0x12'], true)
    output.note('words that go on for long')
    output.log('{"message":"words that go on"}')
    expect(out.split('\n')).to.deep.equal([
      ...['words that go on for', 'long', '  gevulot workload list --limit 100', 'time,kind,an open slot,0x12'],
      ...['words that go on for', 'long', '{"message":"words that go on"}', ''],
    ])
    expect(output.hanging('error  ', 'a rule that was broken')).to.deep.equal([
      'error',
      '  a rule that was',
      '  broken',
    ])
  })

  it('says what it does, and for how long, in one line that is written over', async () => {
    const wakes: (() => void)[] = []
    let now = 0
    const clock: Clock = {
      now: () => now,
      elapsed: () => now,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('over')))
          wakes.push(() => {
            now += ms
            resolve()
          })
        }),
    }
    let written = ''
    const write = (text: string) => (written += text)
    const activity = new Activity({ columns: 20, write, paint: (text) => text, clock })
    const second = async (): Promise<void> => {
      wakes.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    activity.begin('reading', 'passing')
    expect(written).to.equal('')
    await second()
    await second()
    expect(written).to.equal('reading  1 s\r\u001b[Kreading  2 s')
    activity.end()
    expect(written).to.match(/\r\u001b\[K$/)
    written = ''
    wakes.length = 0
    activity.begin('depositing a thousand tokens', 'kept')
    await second()
    activity.end()
    expect(written).to.equal('… a thousand tokens\r\u001b[K…ousand tokens  1 s\n')
    // How far it has come stands in the line from the next second on.
    written = ''
    wakes.length = 0
    activity.update('nothing goes on')
    activity.begin('packing', 'kept')
    activity.update('packing 1 of 2')
    expect(written).to.equal('packing')
    await second()
    activity.end()
    expect(written).to.equal('packing\r\u001b[Kpacking 1 of 2  1 s\n')
  })

  it('says how far something has come in the unit of the whole, and never that all is there before it is', () => {
    const MiB = 2 ** 20
    expect(formatProgress(120 * MiB + 1, 512 * MiB)).to.equal('120 of 512 MiB')
    expect(formatProgress(512 * MiB - 1, 512 * MiB)).to.equal('511 of 512 MiB')
    expect(formatProgress(1.5 * MiB, 3 * MiB)).to.equal('1.5 of 3 MiB')
    expect(formatProgress(0, 0)).to.equal('0 of 0 bytes')
    expect(formatProgress(7, 1023)).to.equal('7 of 1023 bytes')
    expect(formatProgress(3 * MiB, undefined)).to.equal('3.00 MiB')
  })

  it('texts from elsewhere cannot control the terminal', () => {
    const nasty = 'a\u001b]0;owned\u0007\u001b[2Jb\r\nc\u009b31m\u202ed'
    expect(printable(nasty)).not.to.match(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    expect(printable('\u001b[31mred\u001b[39m')).to.equal('\u001b[31mred\u001b[39m')
  })

  it('codes and hints keep one form', () => {
    for (const [code, { hint }] of Object.entries(CLI_ERRORS)) {
      expect(code).to.match(/^CLI_[A-Z_]+$/)
      expect(hint).to.match(/^[A-Z].{15,}\.$/)
    }
  })

  it('prints completions that name every command', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await run('completion', shell)
      expect(code).to.equal(0)
      for (const { name } of commands) expect(stdout, `${shell} ${name}`).to.include(name.split(' ').at(-1))
    }
  })
})
