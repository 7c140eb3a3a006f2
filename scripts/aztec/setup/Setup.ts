import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { paint } from '../../demo/paint.js'
import { AZTEC_RELEASE } from './pins.js'

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds after which it is ended. */
  readonly limit: number
  /** What to tell a person if it fails. */
  readonly hint: string
}

const TAIL_CHARACTERS = 2_000

/** A private folder that is filled step by step; what is done is not done again. */
export class Setup {
  readonly directory: string

  /** @param directory By default the user's cache: neither the system nor this repository. */
  constructor(directory: string = defaultDirectory()) {
    this.directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** A path in the folder. */
  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts)
  }

  /**
   * Does something once.
   * @param name Name of the mark that says that it is done.
   * @param what What a person reads, with how long it takes.
   * @param pins What was done; done again if that changes.
   */
  async step(name: string, what: string, pins: unknown, act: () => Promise<void>): Promise<void> {
    const mark = this.path(
      'done',
      `${name}-${createHash('sha256').update(JSON.stringify(pins)).digest('hex').slice(0, 12)}`,
    )
    if (existsSync(mark)) return
    console.log(`  ${what}`)
    const started = performance.now()
    await act()
    mkdirSync(this.path('done'), { recursive: true })
    writeFileSync(mark, '')
    console.log(paint.faint(`    done in ${((performance.now() - started) / 1000).toFixed(1)} s`))
  }

  /** A folder of it, emptied: what an interrupted step left there is of no use. */
  fresh(...parts: readonly string[]): string {
    const path = this.path(...parts)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
    return path
  }
}

/** Runs a program to its end. @returns What it printed. @throws Error with the end of its output and the hint. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, env = process.env, limit, hint } = options
  let output = ''
  const child = spawn(command, args, {
    ...{ cwd, env, stdio: ['ignore', 'pipe', 'pipe'], signal: AbortSignal.timeout(limit) },
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const outcome = await new Promise<number | string | null>((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('close', resolve)
  })
  if (outcome === 0) return output
  throw new Error(`${command} failed (${outcome}).\n${hint}\n\n${output.slice(-TAIL_CHARACTERS)}`)
}

function defaultDirectory(): string {
  const named = process.env['GEVULOT_AZTEC_CACHE']
  if (named !== undefined && named !== '') return named
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'gevulot', `aztec-${AZTEC_RELEASE}`)
}
