import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { root } from '../../scripts/lib/artifacts.js'

// By its place: commands run in folders that have no packages.
const LOADER = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href

/** What a run of the command line left behind. */
export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The only line of standard output as JSON. */
  json(): Record<string, unknown>
}

/** Where a command runs. */
export interface CliGround {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** An installed command to run; `gevulot` from its sources by default. */
  readonly command?: string
}

// Tests that are cut short must leave no process behind.
const children = new Set<ChildProcess>()
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')))

/** The command line that runs `gevulot` from its sources. */
export const CLI_COMMAND: readonly string[] = [process.execPath, '--import', LOADER, join(root, 'sdk/src/cli/main.ts')]

/** Starts `gevulot`, without the caller's own settings and without a terminal. */
export function startCli(args: readonly string[], ground: CliGround): ChildProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GEVULOT_') && name !== 'NODE_OPTIONS',
  )
  const [command, before] =
    ground.command === undefined ? [process.execPath, CLI_COMMAND.slice(1)] : [ground.command, []]
  const child = spawn(command, [...before, ...args], {
    cwd: ground.cwd,
    env: { ...Object.fromEntries(inherited), ...ground.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Runs `gevulot` to its end. */
export async function runCli(args: readonly string[], ground: CliGround): Promise<CliResult> {
  const child = startCli(args, ground)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return {
    code,
    stdout,
    stderr,
    json: () => {
      if (code !== 0) throw new Error(`gevulot ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`)
      return JSON.parse(stdout) as Record<string, unknown>
    },
  }
}
