import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect } from 'chai'

const DAEMON = join(import.meta.dirname, '../support/daemons/stubbornProcess.ts')

describe('worker: signals', function () {
  this.timeout(120_000)

  for (const [first, second] of [
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
  ] as const) {
    it(`${second} behind ${first} ends it at once, with the code that has a supervisor start it again`, async () => {
      const daemon = spawn(process.execPath, ['--import', 'tsx', DAEMON], { stdio: ['ignore', 'pipe', 'inherit'] })
      try {
        const ended = once(daemon, 'exit')
        for await (const line of createInterface({ input: daemon.stdout }))
          daemon.kill(line === 'running' ? first : second)
        expect(await ended).to.deep.equal([75, null])
      } finally {
        daemon.kill('SIGKILL')
      }
    })
  }
})
