import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { root } from '../../scripts/lib/artifacts.js'
import { npm } from '../../scripts/lib/setup.mjs'

/** No npm, compiler or program here has a reason to take longer. */
const LIMIT_MS = 300_000

const run = promisify(execFile)

/** What `sdk/package.json` says, as installed. */
export interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** A project of somebody else's, outside this repository, which has installed the SDK from its tarball. */
export class Consumer {
  /** The project's folder. */
  readonly directory: string
  /** The packed SDK. */
  readonly tarball: string
  readonly manifest: Manifest

  private constructor(parts: Pick<Consumer, 'directory' | 'tarball' | 'manifest'>) {
    this.directory = parts.directory
    this.tarball = parts.tarball
    this.manifest = parts.manifest
  }

  /**
   * Packs the SDK as it is built and installs it in an empty project. npm asks its registry for what its cache lacks.
   * @param peers Optional peers of the SDK to install too.
   */
  static async install(peers: readonly string[] = []): Promise<Consumer> {
    const home = await mkdtemp(join(tmpdir(), 'gevulot-consumer-'))
    const directory = join(home, 'project')
    await mkdir(directory)
    const packed = await npmRun(join(root, 'sdk'), ['pack', '--json', '--pack-destination', home])
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }]
    const tarball = join(home, filename)
    await writeFile(join(directory, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
    const own = JSON.parse(await readFile(join(root, 'sdk/package.json'), 'utf8')) as Manifest
    const others = [
      `ethers@${own.dependencies['ethers']}`,
      ...peers.map((peer) => `${peer}@${own.peerDependencies[peer]}`),
    ]
    await npmRun(directory, ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...others])
    const installed = await readFile(join(directory, 'node_modules/@gevulot/sdk/package.json'), 'utf8')
    return new Consumer({ directory, tarball, manifest: JSON.parse(installed) as Manifest })
  }

  async remove(): Promise<void> {
    await rm(join(this.directory, '..'), { recursive: true, force: true })
  }

  /** Where npm has put a file of the package. */
  installed(path: string): string {
    return join(this.directory, 'node_modules/@gevulot/sdk', path)
  }

  /** Where npm has put a command. */
  command(name: string): string {
    return join(this.directory, 'node_modules/.bin', name)
  }

  /** Writes a file of the project; returns its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.directory, name)
    await writeFile(path, text)
    return path
  }

  /** Compiles files of the project with this repository's compiler, declarations of the packages included. */
  async compile(files: readonly string[]): Promise<void> {
    const compilerOptions = {
      ...{ target: 'ES2023', lib: ['ES2023'], module: 'NodeNext', types: ['node'] },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    }
    await this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    await spoken(run(process.execPath, [compiler, '-p', this.directory], { timeout: LIMIT_MS }))
  }

  /**
   * Runs a compiled file of the project to its end; returns what it wrote.
   * @param executable The Node.js to run it with.
   */
  node(
    file: string,
    args: readonly string[],
    cwd = this.directory,
    executable: string = process.execPath,
  ): Promise<string> {
    return spoken(run(executable, [join(this.directory, file), ...args], { cwd, timeout: LIMIT_MS }))
  }

  /** Runs npm in another project beside this one, with Node.js as here; returns what it wrote. */
  npm(directory: string, args: readonly string[]): Promise<string> {
    return npmRun(directory, args)
  }

  /** The path of another Node.js, from the npm package `node`. Rejects where npm has none for this machine. */
  async otherNode(version: string): Promise<string> {
    const script = 'process.stdout.write(process.execPath)'
    const path = await npmRun(this.directory, ['exec', '--yes', '--prefer-offline', `--package=node@${version}`, '--', 'node', '-e', script]) // prettier-ignore
    return path.trim()
  }
}

function npmRun(cwd: string, args: readonly string[]): Promise<string> {
  const { command, args: first } = npm()
  // What npm runs of a project is run by this Node.js, whichever stands on the path.
  const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }
  return spoken(run(command, [...first, ...args], { cwd, env, timeout: LIMIT_MS }))
}

/** The output of a program; its complaints, if it fails. */
async function spoken(running: Promise<{ stdout: string; stderr: string }>): Promise<string> {
  try {
    return (await running).stdout
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    throw new Error([message, stdout, stderr].filter(Boolean).join('\n'), { cause: error })
  }
}
