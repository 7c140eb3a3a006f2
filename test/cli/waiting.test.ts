import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { CONTROL_SOCKET } from '../../sdk/src/worker/control/question.js'
import { CLI_COMMAND } from '../support/cli.js'
import { Terminal } from '../support/Terminal.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const WORKLOAD = `0x${'11'.repeat(32)}`

// What is asked answers late: whoever waits for more than a second reads for what.
describe('cli: waiting', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let slow: Server

  beforeEach(() => (slow = createServer()))
  afterEach(() => new Promise((resolve) => slow.close(resolve).closeAllConnections()))

  /** Runs a command in a terminal; it is answered once it says what it waits for, and at once from then on. Answers its last lines. */
  async function wait(command: readonly string[], line: RegExp, answer: object): Promise<readonly string[]> {
    const asked = once(slow, 'request') as Promise<[unknown, ServerResponse]>
    const terminal = new Terminal([...CLI_COMMAND, ...command], { columns: 80, cwd: directory() })
    const [, response] = await asked
    await terminal.until(line)
    const end = (to: ServerResponse) => to.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    slow.on('request', (_, next: ServerResponse) => end(next))
    end(response)
    expect(await terminal.ended()).to.equal(0)
    return terminal.lines
  }

  it('api accounts says that it asks the server', async () => {
    slow.listen(0, '127.0.0.1')
    await once(slow, 'listening')
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
    const key = join(directory(), 'operator-key')
    await writeFile(key, 'a-key')
    await chmod(key, 0o600)
    const command = ['api', 'accounts', '--url', url, '--api-key-file', key]
    const lines = await wait(command, /asking the server {2}\d+ s/, { accounts: [] })
    expect(lines.join('\n')).not.to.include('asking')
  })

  for (const [words, answer, said] of [
    [['waiting'], { mode: 'approve', waiting: [] }, 'Nothing waits.'],
    [['approve', WORKLOAD], {}, 'It is worked for now.'],
    [['decline', WORKLOAD], { waiting: [] }, 'It is declined; its slot is open to others.'],
  ] as const) {
    it(`prover ${words[0]} says that it asks the worker`, async () => {
      slow.listen(join(directory(), CONTROL_SOCKET))
      await once(slow, 'listening')
      const command = ['prover', ...words, '--data', directory()]
      const lines = await wait(command, /asking the worker {2}\d+ s/, { result: answer })
      expect(lines.join('\n')).to.include(said).and.not.include('asking')
    })
  }
})
