import { spawn } from 'node:child_process'

import { environment, root } from './setup.mjs'

/** A command that is silent for ever must not hang a run. */
const LIMIT_MS = 30 * 60_000

/**
 * Runs a command in the tree and keeps what it prints.
 * @param {{ command: string, args: readonly string[], env?: Readonly<Record<string, string>> }} options
 * @returns {Promise<{ ok: boolean, output: string, seconds: string }>}
 */
export function execute({ command, args, env }) {
  const started = performance.now()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: root,
      env: { ...environment(), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.timeout(LIMIT_MS),
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text))
    }
    child.on('error', (error) => (output += `\n${error.message}\n`))
    child.on('close', (code) => {
      resolve({ ok: code === 0, output, seconds: ((performance.now() - started) / 1000).toFixed(1) })
    })
  })
}
