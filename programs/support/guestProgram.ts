import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

// Static, so that the package needs no file of the machine that runs it; no instruction that an older processor lacks.
const FLAGS = ['-std=c++20', '-O3', '-Wall', '-Wextra', '-Werror', '-pthread', '-static', '-s', '-Wl,--build-id=none']

/** A prover in C++: the sources of a folder, with those of `support/guest`, as a static x86-64 ELF. */
export class GuestProgram {
  readonly #sources: string
  #compiled: Promise<Uint8Array> | undefined

  /** @param sources Folder of the program's own sources. */
  constructor(sources: string) {
    this.#sources = sources
  }

  /** The ELF (about ten seconds, once a process). */
  compile(): Promise<Uint8Array> {
    this.#compiled ??= this.#compile()
    return this.#compiled
  }

  /**
   * Runs a sub-command of the program (see its main.cpp) in a directory that holds `files`.
   * @param input What it reads from standard input.
   * @returns what it printed, and the file `out` if it wrote one
   */
  async run(
    args: readonly string[],
    files: Readonly<Record<string, Uint8Array>>,
    input = '',
  ): Promise<{ readonly printed: string; readonly out: Uint8Array }> {
    const program = await this.compile()
    return inTemporaryDirectory(async (directory) => {
      const binary = join(directory, 'program')
      await writeFile(binary, program, { mode: 0o755 })
      for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
      const running = promisify(execFile)(binary, args, { cwd: directory })
      // What it does not read any more its own end explains.
      running.child.stdin?.on('error', () => undefined).end(input)
      const { stdout } = await running
      return { printed: stdout, out: await readFile(join(directory, 'out')).catch(() => new Uint8Array()) }
    })
  }

  async #compile(): Promise<Uint8Array> {
    const sources: string[] = []
    for (const folder of [this.#sources, join(import.meta.dirname, 'guest')])
      for (const name of (await readdir(folder)).sort()) if (name.endsWith('.cpp')) sources.push(join(folder, name))
    return inTemporaryDirectory(async (directory) => {
      const out = join(directory, 'program')
      try {
        await promisify(execFile)('g++', [...FLAGS, '-o', out, ...sources])
      } catch (error) {
        throw new Error('the prover could not be compiled; on Debian: apt-get install g++', { cause: error })
      }
      return readFile(out)
    })
  }
}

async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'guest-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
