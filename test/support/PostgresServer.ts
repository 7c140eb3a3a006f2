import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import pg from 'pg'

import { freePort } from './freePort.js'
import { removeDirectory } from './removeDirectory.js'

const START_MS = 30_000

/** Why there is no server to test with on this machine; undefined: there is one. */
export function postgresMissing(): string | undefined {
  return binaries() === undefined ? 'no Postgres server: apt-get install postgresql' : undefined
}

/** The directory of the newest server on Debian. */
function binaries(): string | undefined {
  const version = (path: string): number => Number(path.split('/')[4])
  return globSync('/usr/lib/postgresql/*/bin')
    .sort((a, b) => version(a) - version(b))
    .at(-1)
}

/** Postgres refuses to run as root, so there it runs as another user. */
function otherUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = users.find((user) => user.startsWith('postgres:')) ?? users.find((user) => user.startsWith('nobody:'))
  const [, , uid, gid] = (line ?? '').split(':').map(Number)
  if (uid === undefined || gid === undefined) throw new Error('neither a user postgres nor nobody')
  return { uid, gid }
}

/** A real Postgres server of its own, on loopback, in a temporary directory. */
export class PostgresServer {
  readonly #directory: string
  readonly #bin: string
  readonly #port: number
  #process: ChildProcess | undefined

  private constructor(directory: string, bin: string, port: number) {
    this.#directory = directory
    this.#bin = bin
    this.#port = port
  }

  /** Makes a cluster and starts its server. */
  static async start(): Promise<PostgresServer> {
    const bin = binaries()
    if (bin === undefined) throw new Error(postgresMissing())
    const directory = mkdtempSync(join(tmpdir(), 'gevulot-postgres-'))
    const user = otherUser()
    if (user !== undefined) chownSync(directory, user.uid, user.gid)
    const made = spawnSync(
      join(bin, 'initdb'),
      ['-D', join(directory, 'data'), '-U', 'gevulot', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
      { ...user, encoding: 'utf8' },
    )
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
    const server = new PostgresServer(directory, bin, await freePort())
    await server.resume()
    return server
  }

  /** What a client connects to. */
  get url(): string {
    return `postgres://gevulot:a-password@127.0.0.1:${this.#port}/postgres`
  }

  /** Makes a database of its own on it. @returns What a client connects to. */
  async create(): Promise<string> {
    const name = `test_${randomBytes(6).toString('hex')}`
    const client = new pg.Client(this.url)
    await client.connect()
    await client.query(`create database ${name}`)
    await client.end()
    return this.url.replace(/postgres$/, name)
  }

  /** What a client connects to as another role. */
  urlAs(role: string, password: string, port = this.#port): string {
    return `postgres://${role}:${password}@127.0.0.1:${port}/postgres`
  }

  /** Its Unix socket. */
  get socket(): string {
    return join(this.#directory, `.s.PGSQL.${this.#port}`)
  }

  /** Starts the server (again). */
  async resume(): Promise<void> {
    const child = spawn(
      join(this.#bin, 'postgres'),
      ['-D', join(this.#directory, 'data'), '-h', '127.0.0.1', '-p', String(this.#port), '-k', this.#directory],
      { ...otherUser(), stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    this.#process = child
    const end = Date.now() + START_MS
    while (!said.includes('ready to accept connections')) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`Postgres did not start: ${said}`)
      await sleep(50)
    }
  }

  /** Ends the server at once; every connection breaks. */
  async halt(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGQUIT')
    await ended
  }

  /** Ends the server and removes everything of it. */
  async stop(): Promise<void> {
    await this.halt()
    await removeDirectory(this.#directory)
  }
}
