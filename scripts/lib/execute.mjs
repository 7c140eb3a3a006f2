import { spawn } from 'node:child_process'

import { environment, root } from './setup.mjs'

/** A command that is silent for ever must not hang a run; one that says something works, however slow the machine. */
const SILENCE_MS = 20 * 60_000
/** Once it has told its result only what it left open keeps it, such as a loop of a test that failed. */
const LINGER_MS = 3 * 60_000
/** What it started gets so long to end by itself. */
const GRACE_MS = 10_000

/** Process groups of the commands that run. @type {Set<number>} */
const running = new Set()
for (const [name, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(name, () => {
    for (const group of running) signal(group, 'SIGTERM')
    process.exit(code)
  })
}

/**
 * Runs a command in the tree and keeps what it prints. It has a process group of its own, which ends with it once it is silent for too long: chains
 * and daemons that a test has started would live on.
 * @param {{ command: string, args: readonly string[], env?: Readonly<Record<string, string>>, result?: RegExp, silenceMs?: number, lingerMs?: number }} options
 *   `result` matches what it prints as its work is done: `lingerMs` counts from then on.
 * @returns {Promise<{ ok: boolean, output: string, seconds: string }>}
 */
export function execute({ command, args, env, result, silenceMs = SILENCE_MS, lingerMs = LINGER_MS }) {
  const started = performance.now()
  return new Promise((resolve) => {
    let output = ''
    let isEnding = false
    const child = spawn(command, args, {
      cwd: root,
      env: { ...environment(), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { pid: group } = child
    if (group !== undefined) running.add(group)
    /** @param {number} ms */
    const endsAfter = (ms) => [
      setTimeout(() => {
        isEnding = true
        output += `\nended after ${ms / 1_000} s of silence\n`
        signal(group, 'SIGTERM')
      }, ms),
      setTimeout(() => signal(group, 'SIGKILL'), ms + GRACE_MS),
    ]
    let ends = endsAfter(silenceMs)
    let isTold = false
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text
        if (isEnding) return
        if (isTold || result?.test(output) !== true) return ends.forEach((end) => end.refresh())
        isTold = true
        ends.forEach(clearTimeout)
        ends = endsAfter(lingerMs)
      })
    }
    child.on('error', (error) => (output += `\n${error.message}\n`))
    child.on('close', (code) => {
      ends.forEach(clearTimeout)
      if (group !== undefined) running.delete(group)
      resolve({ ok: code === 0, output, seconds: ((performance.now() - started) / 1000).toFixed(1) })
    })
  })
}

/**
 * @param {number | undefined} group
 * @param {NodeJS.Signals} name
 */
function signal(group, name) {
  try {
    if (group !== undefined) process.kill(-group, name)
  } catch {
    // All of it has ended.
  }
}
