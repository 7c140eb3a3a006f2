import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { expect } from 'chai'

import { GuardedProcess } from '../../sdk/src/runtime/GuardedProcess.js'

const spec = { command: 'true', args: [], onOutput: () => undefined }

describe('runtime: a guarded process', () => {
  // A daemon that serves many connections can come to that.
  it('that cannot be started, for want of descriptors, says so and ends nobody else', async () => {
    const [, soft = ''] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    const limit = (most: string): string => `prlimit --pid ${process.pid} --nofile=${most}:`
    // Fewer than are open: none can be opened until it is taken back.
    const helper = spawn('bash', ['-c', `${limit('8')}; echo; read -r; ${limit(soft)}; echo`])
    const lines = createInterface({ input: helper.stdout })
    await once(lines, 'line')
    const ended = (() => {
      try {
        const process = new GuardedProcess({ ...spec, onReport: () => undefined })
        process.tell('hello')
        return process.ended
      } finally {
        helper.stdin.write('\n')
      }
    })()
    await once(lines, 'line')
    const { error, code } = await ended
    expect(error).to.include({ code: 'EMFILE' })
    expect(code).to.equal(null)
    expect(await new GuardedProcess(spec).ended).to.deep.equal({ code: 0 })
  })
})
