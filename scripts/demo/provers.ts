import type { WorkerConfig } from '../../sdk/src/worker/config/WorkerConfig.js'
import { DaemonProcess } from './DaemonProcess.js'

/** One prover of the demonstration. */
export interface ProverRole {
  readonly name: string
  /** What a reader should know of it. */
  readonly note: string
  /** Module that is run: the worker, or one of the misbehaving doubles of the tests. */
  readonly entry: string
  /** What differs from the others' configuration. */
  readonly config: Partial<Record<keyof WorkerConfig, unknown>>
}

const WORKER = 'sdk/dist/worker/main.js'

/** What the honest provers run programs in, as their configuration says it. */
export type RuntimeChoice = Pick<
  Partial<Record<keyof WorkerConfig, unknown>>,
  'runtime' | 'nanosKernel' | 'nanosKernelSha256'
>

/** The cast, and what the honest ones but the slow one run programs in. */
export function cast(programs: readonly string[], runtime: RuntimeChoice): readonly ProverRole[] {
  const slow = runtime.runtime === 'nanos' ? runtime : { runtime: 'linux' }
  return [
    { name: 'alice', note: 'keeper too', entry: WORKER, config: { ...runtime, claimOpen: true, keeper: true } },
    { name: 'bob', note: 'keeper too', entry: WORKER, config: { ...runtime, claimOpen: true, keeper: true } },
    { name: 'slow', note: 'in an emulated microVM', entry: WORKER, config: { ...slow, claimOpen: true } },
    {
      name: 'picky',
      note: 'declines these programs, solves no puzzle',
      entry: WORKER,
      config: { ...runtime, denyPrograms: programs, qualify: false },
    },
    { name: 'silent', note: 'never answers', entry: 'test/support/provers/silent.ts', config: {} },
    { name: 'junk', note: 'commits junk', entry: 'test/support/provers/junk.ts', config: {} },
  ]
}

/** Comes when seats have to qualify. */
export const newcomer: ProverRole = { name: 'nova', note: 'joins by solving the puzzle', entry: WORKER, config: {} }

/** What every prover of the demonstration shares. */
export interface ProverGround {
  /** Folder of the whole demonstration. */
  readonly directory: string
  readonly rpcUrl: string
  readonly deployment: string
  readonly store: string
  readonly inbox: string
}

/** Starts a prover with its key and configuration. */
export function startProver(role: ProverRole, ground: ProverGround, privateKey: string): DaemonProcess {
  const config: Partial<Record<keyof WorkerConfig, unknown>> = {
    rpcUrl: ground.rpcUrl,
    deployment: ground.deployment,
    contentDirectories: [ground.store],
    inboxes: [ground.inbox],
    // A local chain: a block a second, and nothing is ever reorged.
    pollMs: 300,
    confirmations: 1,
    safetySeconds: 1,
    keeperSpreadSeconds: 1,
    ...role.config,
  }
  return DaemonProcess.start({ name: role.name, entry: role.entry, directory: ground.directory, privateKey, config })
}
