import type { ValidatorConfig } from '../../sdk/src/validator/index.js'
import { DaemonProcess } from './DaemonProcess.js'
import { freePort } from './LocalChain.js'
import type { ProverGround } from './provers.js'

/** One validator of the demonstration. */
export interface ValidatorRole {
  readonly name: string
  /** What a reader should know of it. */
  readonly note: string
  readonly seats: number
  /** Module that is run: the validator, or a misbehaving double of the tests. */
  readonly entry: string
}

/** The real one. */
export const VALIDATOR = 'sdk/dist/validator/main.js'

/** Seven seats, so that every committee is all of them; the liar cannot change what five agree on. */
export const validators: readonly ValidatorRole[] = [
  { name: 'vera', note: 'judges', seats: 3, entry: VALIDATOR },
  { name: 'victor', note: 'judges', seats: 3, entry: VALIDATOR },
  { name: 'liar', note: 'finds everything invalid', seats: 1, entry: 'test/support/validators/liar.ts' },
]

/** What differs from one demonstration to another. */
export type ValidatorChoice = Partial<Record<keyof ValidatorConfig, unknown>>

/** Starts validators, each of which knows where the others show their verdicts. */
export async function startValidators(
  ground: ProverGround,
  keys: readonly string[],
  roles: readonly ValidatorRole[] = validators,
  choice: ValidatorChoice = {},
): Promise<DaemonProcess[]> {
  const ports = await Promise.all(roles.map(() => freePort()))
  const peers = ports.map((port) => `http://127.0.0.1:${port}/`)
  return roles.map(({ name, entry }, index) => {
    const config: ValidatorChoice = {
      // Whatever the provers use: in an emulated machine a verifier would not end within the short window.
      runtime: 'bubblewrap',
      rpcUrl: ground.rpcUrl,
      deployment: ground.deployment,
      contentDirectories: [ground.store],
      listen: `127.0.0.1:${ports[index] ?? 0}`,
      peers: peers.toSpliced(index, 1),
      pollMs: 300,
      ...choice,
    }
    return DaemonProcess.start({ name, entry, directory: ground.directory, privateKey: keys[index] ?? '', config })
  })
}
