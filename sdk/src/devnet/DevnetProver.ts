import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import type { Address } from '../chain/hex.js'
import { createClient } from '../client/createClient.js'
import { stakeSeats } from '../client/seats.js'
import type { Deployment } from '../chain/deployment.js'
import type { Contracts } from '../chain/connect.js'
import { untilMined } from '../chain/untilMined.js'
import type { RuntimeName } from '../runtime/Runtime.js'
import { loadConfig } from '../worker/config/loadConfig.js'
import { serve } from '../worker/serve.js'
import type { Anvil } from './Anvil.js'
import { writeKey, type DevnetDirectory } from './DevnetDirectory.js'

/** What a prover of a local network works with. */
export interface DevnetProverGround {
  readonly chain: Anvil
  readonly deployment: Deployment
  /** The owner's. */
  readonly contracts: Contracts
  readonly files: DevnetDirectory
  readonly runtime: RuntimeName
}

/** A prover of a local network: an operator with one seat, and its worker in this process. */
export class DevnetProver {
  readonly name: string
  readonly operator: Address
  readonly seat: number
  /** Its log, one JSON object a line. */
  readonly log: string
  readonly #config: string

  private constructor(parts: Pick<DevnetProver, 'name' | 'operator' | 'seat' | 'log'>, config: string) {
    this.name = parts.name
    this.operator = parts.operator
    this.seat = parts.seat
    this.log = parts.log
    this.#config = config
  }

  /** Makes an operator with a fresh key (so that networks of one machine do not meet), stakes a seat, writes the worker's configuration. */
  static async create(name: string, ground: DevnetProverGround): Promise<DevnetProver> {
    const { chain, contracts, deployment, files, runtime } = ground
    const home = await files.addProver(name)
    const { privateKey, address } = Wallet.createRandom()
    await chain.fund(address)
    const { bond } = await contracts.registry.classBonds(1)
    await untilMined(await contracts.token.transfer(address, bond))
    const signer = new Wallet(privateKey, chain.provider)
    const [seat = 0] = await stakeSeats(await createClient({ deployment, signer, pollMs: 50 }), { count: 1 })
    const log = join(home, 'log.jsonl')
    const config = {
      rpcUrl: chain.url,
      deployment: files.file('deployment.json'),
      keyFile: await writeKey(join(home, 'key'), privateKey),
      dataDirectory: join(home, 'data'),
      contentDirectories: [files.file('content')],
      inboxes: [files.file('inbox')],
      runtime,
      claimOpen: true,
      keeper: true,
      logFile: log,
      // Blocks come every second and are never reorganised away.
      ...{ pollMs: 300, confirmations: 1, safetySeconds: 1, keeperSpreadSeconds: 1, drandEndpoints: [] },
    }
    const path = join(home, 'worker.json')
    await writeFile(path, `${JSON.stringify(config, undefined, 2)}\n`)
    // A mistake shows now, not when the worker starts.
    await loadConfig(path, {})
    return new DevnetProver({ name, operator: address as Address, seat, log }, path)
  }

  /**
   * Works until `stop` is aborted.
   * @param onStarted Called once it follows the chain.
   * @throws GevulotError `WORKER_*`, `CHAIN_*`
   */
  async run(stop: AbortSignal, onStarted: () => void): Promise<void> {
    const failure = await serve(this.#config, {}, stop, { onStarted })
    if (failure !== undefined) throw failure.error
  }
}
