import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

import { root } from '../../../scripts/lib/artifacts.js'
import { WorkerProcess } from './WorkerProcess.js'

/** Why this machine can make no others; undefined: it can. */
export function machinesMissing(): string | undefined {
  for (const [command, args] of [
    ['unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']],
    ['nsenter', ['--version']],
  ] as const) {
    if (spawnSync(command, args).status !== 0) return `\`${command} ${args.join(' ')}\` does not work here`
  }
  return undefined
}

/**
 * A machine of its own as far as the network goes: a network namespace in which nothing can be reached but one server, through a bridge.
 * Its link can be taken away, and comes back as if somebody had put the plug in again.
 */
export class Machine {
  readonly #holder: ChildProcess
  readonly worker: WorkerProcess

  private constructor(holder: ChildProcess, worker: WorkerProcess) {
    this.#holder = holder
    this.worker = worker
  }

  /**
   * Starts a worker on a new machine.
   * @param socket Unix socket of the one server.
   * @param port Where the machine finds it, on its own loopback.
   */
  static async start(config: string, socket: string, port: number): Promise<Machine> {
    const bridge = join(root, 'test/support/network/bridge.mjs')
    const holder = spawn('unshare', ['-n', process.execPath, bridge, String(port), socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    process.once('exit', () => holder.kill('SIGKILL'))
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.once('exit', () => reject(new Error('the bridge ended')))
    })
    const worker = WorkerProcess.start(config, undefined, [], inside(holder))
    return new Machine(holder, worker)
  }

  /** Takes the link away, or gives it back. */
  link(state: 'up' | 'down'): void {
    const [command, ...args] = [...inside(this.#holder), 'ip', 'link', 'set', 'lo', state]
    execFileSync(command, args)
  }

  /** Ends everything on it. */
  async stop(): Promise<void> {
    await this.worker.kill()
    this.#holder.kill('SIGKILL')
  }
}

function inside({ pid }: ChildProcess): readonly string[] {
  return ['nsenter', '--net', '--target', String(pid)]
}
