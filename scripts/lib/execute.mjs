import { spawn } from 'node:child_process'

import { environment, root } from './setup.mjs'

/** A command that is silent for ever must not hang a run. */
const LIMIT_MS = 30 * 60_000
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
 * Runs a command in the tree and keeps what it prints. It has a process group of its own, which ends with it at the limit: chains and daemons that a test
 * has started would live on.
 * @param {{ command: string, args: readonly string[], env?: Readonly<Record<string, string>>, limitMs?: number }} options
 * @returns {Promise<{ ok: boolean, output: string, seconds: string }>}
 */
export function execute({ command, args, env, limitMs = LIMIT_MS }) {
  const started = performance.now()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: root,
      env: { ...environment(), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { pid: group } = child
    if (group !== undefined) running.add(group)
    const ends = [
      setTimeout(() => {
        output += `\nended at its limit of ${limitMs / 1_000} s\n`
        signal(group, 'SIGTERM')
      }, limitMs),
      setTimeout(() => signal(group, 'SIGKILL'), limitMs + GRACE_MS),
    ]
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text))
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
