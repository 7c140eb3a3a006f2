import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const SOURCES = join(import.meta.dirname, 'prover')
// Static, so that the package needs no file of the machine that runs it; no instruction that an older processor lacks.
const FLAGS = ['-std=c++20', '-O3', '-Wall', '-Wextra', '-Werror', '-pthread', '-static', '-s', '-Wl,--build-id=none']

let compiled: Promise<Uint8Array> | undefined

/** The prover as a static x86-64 ELF (about ten seconds, once a process). */
export function compileProver(): Promise<Uint8Array> {
  compiled ??= compile()
  return compiled
}

async function compile(): Promise<Uint8Array> {
  const sources = (await readdir(SOURCES)).filter((name) => name.endsWith('.cpp')).sort()
  return inTemporaryDirectory(async (directory) => {
    const out = join(directory, 'prover')
    try {
      await promisify(execFile)('g++', [...FLAGS, '-o', out, ...sources], { cwd: SOURCES })
    } catch (error) {
      throw new Error('the prover could not be compiled; on Debian: apt-get install g++', { cause: error })
    }
    return readFile(out)
  })
}

/**
 * Runs a sub-command of the prover (see main.cpp) in a directory that holds `files`.
 * @param input What it reads from standard input.
 * @returns what it printed, and the file `out` if it wrote one
 */
export async function runTool(
  args: readonly string[],
  files: Readonly<Record<string, Uint8Array>>,
  input = '',
): Promise<{ readonly printed: string; readonly out: Uint8Array }> {
  const prover = await compileProver()
  return inTemporaryDirectory(async (directory) => {
    const binary = join(directory, 'prover')
    await writeFile(binary, prover, { mode: 0o755 })
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
    const running = promisify(execFile)(binary, args, { cwd: directory })
    running.child.stdin?.end(input)
    const { stdout } = await running
    return { printed: stdout, out: await readFile(join(directory, 'out')).catch(() => new Uint8Array()) }
  })
}

async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'marlin-sudoku-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
