import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'

import { expect } from 'chai'
import { id } from 'ethers'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { workerError } from '../../sdk/src/errors/codes/worker.js'
import { askWorker } from '../../sdk/src/worker/control/askWorker.js'
import { ControlServer, type ControlHandler } from '../../sdk/src/worker/control/ControlServer.js'
import { CONTROL_SOCKET, type ControlQuestion } from '../../sdk/src/worker/control/question.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const WORKLOAD = id('workload') as WorkloadId

describe('worker: control socket', () => {
  const directory = useTemporaryDirectory()
  const lines: string[] = []
  let server: ControlServer
  let asked: ControlQuestion[]

  const handle: ControlHandler = async (question) => {
    asked.push(question)
    if (question.ask !== 'decide') return { mode: 'approve', waiting: [{ fee: 10n ** 30n }] }
    if (question.decision === 'approve') throw workerError('WORKER_NOTHING_WAITS', 'nothing waits')
    throw new Error('a secret of the inside')
  }

  beforeEach(async () => {
    asked = []
    const log = jsonLogger({ level: 'debug', write: (line) => lines.push(line), now: () => 0 })
    server = await ControlServer.listen(directory(), handle, log)
  })
  afterEach(async () => {
    await server.close()
  })

  /** What the server answers to any bytes. */
  function raw(body: string): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      const asking = request({ socketPath: join(directory(), CONTROL_SOCKET), method: 'POST' }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode, text }))
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }

  it('answers, and hands its own errors on, but none of the inside', async () => {
    expect(await askWorker(directory(), { ask: 'waiting' })).to.deep.equal({
      mode: 'approve',
      waiting: [{ fee: (10n ** 30n).toString() }],
    })
    const decide = (decision: 'approve' | 'decline') =>
      askWorker(directory(), { ask: 'decide', workload: WORKLOAD, decision })
    await rejected(decide('approve'), 'WORKER_NOTHING_WAITS')
    const error = await rejected(decide('decline'), 'WORKER_CONTROL_UNAVAILABLE')
    expect(error.message).to.not.contain('secret')
    expect(lines.join()).to.contain('a secret of the inside')
  })

  it('is for the user of the worker alone, from its first moment on', async () => {
    const { mode } = await stat(join(directory(), CONTROL_SOCKET))
    expect((mode & 0o777).toString(8)).to.equal('600')
  })

  it('takes nothing but questions it knows', async () => {
    for (const body of [
      '',
      '{',
      '[]',
      '{"ask":"stop"}',
      '{"ask":"waiting","more":1}',
      JSON.stringify({ ask: 'decide', workload: `${WORKLOAD}00`, decision: 'approve' }),
      JSON.stringify({ ask: 'decide', workload: WORKLOAD, decision: 'maybe' }),
      JSON.stringify({ ask: 'waiting', pad: 'x'.repeat(100_000) }),
    ]) {
      const { status, text } = await raw(body)
      expect(status, body.slice(0, 60)).to.equal(400)
      expect(text).to.contain('WORKER_CONTROL_UNAVAILABLE')
    }
    expect(asked).to.deep.equal([])
  })

  it('takes the place of a socket that a killed worker left behind, and leaves none itself', async () => {
    await server.close()
    await rejected(askWorker(directory(), { ask: 'waiting' }), 'WORKER_NOT_RUNNING')
    await writeFile(join(directory(), CONTROL_SOCKET), '')
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    server = await ControlServer.listen(directory(), handle, log)
    await askWorker(directory(), { ask: 'waiting' })
  })

  it('says so where it cannot be', async () => {
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const long = join(directory(), 'd'.repeat(100))
    await mkdir(long)
    const error = await rejected(ControlServer.listen(long, handle, log), 'WORKER_CONTROL_UNAVAILABLE')
    expect(error.message).to.contain('107 bytes')
    await rejected(ControlServer.listen(join(directory(), 'missing'), handle, log), 'WORKER_CONTROL_UNAVAILABLE')
    await chmod(long, 0o700)
  })
})
