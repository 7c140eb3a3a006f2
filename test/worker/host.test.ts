import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { useTemporaryDirectory } from '../support/temporary.js'

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
})
