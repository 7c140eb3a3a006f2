import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import { startCli } from '../support/cli.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { sandboxWorks } from '../programs/support.js'

/** What came before this test, or is one: everything else that the page tells its reader to type is run. */
const ELSEWHERE = ['npm ci', 'npm run build', 'npx hardhat test mocha test/programs/groth16-sudoku.test.ts']
const DEVNET = 'npx gevulot devnet'
const LIMIT_MS = 600_000

// docs/program-author.md as its reader would follow it: every command, in order, with what the one before it printed.
describe('package: from nothing to a paid proof', function () {
  this.timeout(LIMIT_MS)
  const directory = useTemporaryDirectory()
  let commands: string[]
  let devnet: ReturnType<typeof startCli> | undefined

  before(async function () {
    if (!(await sandboxWorks())) {
      console.log('      SKIP: this machine cannot make a bubblewrap sandbox')
      this.skip()
    }
    const page = await readFile(join(root, 'docs/program-author.md'), 'utf8')
    const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text)
    commands = blocks.join('').trim().split('\n')
    expect(commands).to.include.members([...ELSEWHERE, DEVNET])
    commands = commands.filter((command) => !ELSEWHERE.includes(command))
  })
  after(async () => {
    if (devnet === undefined || devnet.exitCode !== null) return
    // Asked, not killed: its chain and its prover end with it.
    const ended = once(devnet, 'exit')
    devnet.kill('SIGINT')
    await ended
  })

  /** The next command of the page; it must be one that begins like this. */
  async function next(beginning: string, places: Readonly<Record<string, string>> = {}): Promise<string> {
    const command = commands.shift() ?? 'nothing more'
    expect(command.startsWith(beginning), `the page goes on with ${command}`).to.equal(true)
    let text = command
    for (const [from, to] of Object.entries(places)) {
      expect(text, command).to.include(from)
      text = text.replace(from, to)
    }
    // What the page keeps in the reader's folder is kept out of the tree.
    const at = directory()
    text = text
      .replaceAll('.gevulot/devnet', join(at, 'devnet'))
      .replace(/(?<=writeFileSync\(')(?=puzzle|unsolvable)|(?<=public_inputs=)(?=puzzle|unsolvable)/g, `${at}/`)
      .replace('--out proof', `--out ${at}/proof`)
    const path = [join(root, 'node_modules/.bin'), process.env['PATH']].join(':')
    const options = { cwd: root, timeout: LIMIT_MS, env: { ...process.env, PATH: path, NO_COLOR: '1' } }
    try {
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', text], options)
      return stdout + stderr
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new Error(`${text}\n${stdout}${stderr}`, { cause: error })
    }
  }

  const idIn = (text: string): string => /0x[0-9a-f]{64}/.exec(text)?.[0] ?? expect.fail(`no id in: ${text}`)

  it('every command works, the proof is paid, and a puzzle without a solution says so', async () => {
    expect(await next('npm run keys')).to.include('generated files are as pinned')
    const built = await next('npm run build -w')
    const { prover, verifier } = JSON.parse(built.slice(built.indexOf('{'), built.lastIndexOf('}') + 1)) as Record<
      'prover' | 'verifier',
      string
    >
    await next('npx tsx -e')
    await next('npx gevulot program lint', { '0x<prover>': prover, '0x<verifier>': verifier })

    expect(commands.shift()).to.equal(DEVNET)
    devnet = startCli(['devnet', '--port', '0', '--directory', 'devnet', '--json'], { cwd: directory() })
    let complaint = ''
    devnet.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    const ended = once(devnet, 'exit').then(() => expect.fail(`the devnet ended: ${complaint}`))
    // It ends after the test, too.
    ended.catch(() => undefined)
    await Promise.race([once(devnet.stdout!, 'data'), ended])

    await next('cp -r')
    const contract = /0x[0-9a-fA-F]{40}/.exec(await next('npx tsx scripts/deployVerifier.ts'))![0]
    const program = idIn(
      await next('npx gevulot program deploy', {
        '--prover 0x…': `--prover ${prover}`,
        '--verifier-program 0x…': `--verifier-program ${verifier}`,
        '--verifier 0x…': `--verifier ${contract}`,
      }),
    )
    const workload = idIn(await next('npx gevulot workload submit', { '0x<program>': program }))
    await next('npx gevulot workload fetch', { '0x<workload>': workload })
    expect((await stat(join(directory(), 'proof/proof'))).size).to.equal(256)
    const status = await next('npx gevulot workload status', { '0x<workload>': workload })
    expect(status)
      .to.match(/proven/i)
      .and.match(/paid/i)

    await next('npx tsx -e')
    const hopeless = idIn(await next('npx gevulot workload submit', { '0x<program>': program }))
    const asking = commands[0]!
    let answer = ''
    for (let round = 0; round < 200 && !answer.includes('ProgramFailed'); round++) {
      commands[0] = asking
      answer = await next('npx gevulot workload status', { '0x<workload>': hopeless })
    }
    expect(answer).to.include('ProgramFailed')
    expect(commands).to.deep.equal([])
  })
})
