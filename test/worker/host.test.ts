import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { logWriter } from '../../sdk/src/worker/log/logWriter.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { thrown } from '../support/thrown.js'

const HOST = join(import.meta.dirname, '../support/daemons/hostProcess.ts')

describe('worker: within another program', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()

  it('how an error ends that nobody heard is for that program; the log has it too', async () => {
    const logFile = join(directory(), 'log.jsonl')
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', HOST, logFile])
    expect(stdout).to.equal('of the host')
    expect(await readFile(logFile, 'utf8'))
      .to.include('worker broke')
      .and.include('of the host')
  })
  it('a log that cannot be there is a mistake of the configuration, or of a disk that is still to come, with the field and why', () => {
    const missing = join(directory(), 'missing', 'log.jsonl')
    for (const [path, code, known] of [
      [missing, 'ENOENT', 'WORKER_LOG_UNAVAILABLE'],
      [directory(), 'EISDIR', 'WORKER_CONFIG_INVALID'],
    ] as const) {
      const error = thrown(() => logWriter(path))
      expect(error.code).to.equal(known)
      expect(error.message).to.include(`logFile: ${path} cannot be opened`).and.include(code)
    }
  })
})
