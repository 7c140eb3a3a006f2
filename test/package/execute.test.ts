import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { countTests, SUMMARY } from '../../scripts/lib/countTests.mjs'
import { execute } from '../../scripts/lib/execute.mjs'

/** Starts another process, names it, and waits for ever. */
const PARENT = `
  const { spawn } = require('node:child_process')
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  console.log('child ' + child.pid)
  setInterval(() => {}, 1000)
`

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('package: commands of the test runners', function () {
  this.timeout(120_000)
  let silent: ReturnType<typeof execute>
  let kept: ReturnType<typeof execute>
  let talking: ReturnType<typeof execute>

  // Beside each other: they do nothing but wait, for longer than a busy machine holds a process up.
  before(() => {
    const tests = `console.log('  3 passing (2s)\\n  1 failing'); setTimeout(() => console.log('  1) why'), 1000); setInterval(() => {}, 1000)`
    const slow = `let count = 0; setInterval(() => { console.log(count++); if (count === 8) process.exit() }, 3000)`
    const run = (script: string, options: Omit<Parameters<typeof execute>[0], 'command' | 'args'>) =>
      execute({ command: process.execPath, args: ['-e', script], ...options })
    silent = run(PARENT, { silenceMs: 20_000 })
    kept = run(tests, { result: SUMMARY, lingerMs: 20_000 })
    talking = run(slow, { silenceMs: 20_000 })
  })

  it('one that is ended as it says nothing leaves nothing running that it has started', async () => {
    const { ok, output } = await silent
    expect(ok).to.equal(false)
    expect(output).to.include('ended after 20 s of silence')
    const pid = Number(/child (\d+)/.exec(output)?.[1])
    expect(pid).to.be.greaterThan(0)
    for (let waited = 0; waited < 5_000 && isAlive(pid); waited += 50) await sleep(50)
    expect(isAlive(pid)).to.equal(false)
  })

  it('one that has told its result, and is kept by what it left open, ends sooner', async () => {
    const { ok, output } = await kept
    expect(output).to.equal('  3 passing (2s)\n  1 failing\n  1) why\n\nended after 20 s of silence\n')
    expect(ok).to.equal(false)
    expect(countTests(output)).to.deep.equal({ passed: 3, failed: 1, skipped: 0 })
  })

  it('one that goes on saying something takes as long as it likes', async () => {
    const { ok, output } = await talking
    expect(output).to.equal('0\n1\n2\n3\n4\n5\n6\n7\n')
    expect(ok).to.equal(true)
  })

  it('one that ends by itself is told as it ended', async () => {
    const ended = await execute({
      command: process.execPath,
      args: ['-e', 'console.log(process.env.WORD)'],
      env: { WORD: 'here' },
    })
    expect(ended).to.include({ ok: true, output: 'here\n' })
    expect(await execute({ command: process.execPath, args: ['-e', 'process.exit(3)'] })).to.include({ ok: false })
    expect((await execute({ command: 'no-such-command', args: [] })).output).to.include('ENOENT')
  })
})
