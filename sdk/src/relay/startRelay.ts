import { join } from 'node:path'
import { JsonRpcApiProvider } from 'ethers'
import { HttpServer } from '../api/server/HttpServer.js'
import { RateLimiter } from '../api/server/RateLimiter.js'
import type { Contracts } from '../chain/index.js'
import type { Clock } from '../clock.js'
import { relayerError } from '../errors/codes/relayer.js'
import { ChainTime } from '../worker/chain/ChainTime.js'
import type { Secret } from '../worker/config/Secret.js'
import { lockAccount, lockDirectory } from '../worker/lock.js'
import type { Logger } from '../worker/log/Logger.js'
import { Publisher } from '../worker/publish/Publisher.js'
import { TxSigner } from '../worker/publish/TxSigner.js'
import { openDatabase } from '../worker/store/openDatabase.js'
import { TransactionJournal } from '../worker/store/TransactionJournal.js'
import { DAY_MS } from './GasLedger.js'
import { relayApp } from './relayApp.js'
import { costOf } from './gasOfActs.js'
import { LONGEST_DEADLINE, RelayDesk, type RelayLimits } from './RelayDesk.js'
import { MAX_CALL_BYTES } from './wire.js'

/** Options of {@link startRelay}. */
export interface RelayOptions {
  readonly contracts: Contracts
  /** Key of the account that pays. */
  readonly key: Secret
  readonly limits: RelayLimits
  /** What was sent; belongs to this relay alone. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 8547; 0 for any free one. */
  readonly port?: number
  /** Highest fee per gas, wei; default 200 gwei. */
  readonly maxFee?: bigint
  /** Milliseconds between looks at the chain; default 2,000. */
  readonly pollMs?: number
  /** Milliseconds after which a transaction that is not mined is sent with a higher fee; default 12,000. */
  readonly bumpMs?: number
  /** Whether it is reached through a server of its operator's alone, which names each caller's address; default false. */
  readonly behindProxy?: boolean
  /** Requests a second of one address in the long run, and at once; defaults 10 and 60. */
  readonly rate?: { readonly perSecond: number; readonly burst: number }
}

/** A running relay. */
export interface RunningRelay {
  /** For example http://127.0.0.1:8547. */
  readonly url: string
  /** Account that pays. */
  readonly account: string
  /** Takes no more requests, and waits. What was sent is taken up at the next start. */
  stop(): Promise<void>
}

const GWEI = 1_000_000_000n
const READY_MS = 120_000

/**
 * Starts a relay: it pays for the gas of acts that accounts on its list have signed, within limits, and can do nothing else for them.
 * @throws GevulotError RELAYER_CONFIG_INVALID, WORKER_LOCKED, WORKER_STATE_INVALID
 */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { contracts, limits, directory, clock, log, host = '127.0.0.1', port = 8547, pollMs = 2_000 } = options
  const { provider, chainId } = contracts
  if (!(provider instanceof JsonRpcApiProvider)) {
    throw relayerError('RELAYER_CONFIG_INVALID', 'a relay needs a JSON-RPC endpoint')
  }
  const closers: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const signer = new TxSigner(options.key, chainId)
    for (const lock of [await lockDirectory(directory), await lockAccount(chainId, signer.address)]) {
      closers.push(() => lock.release())
    }
    const db = await openDatabase(join(directory, 'database'))
    closers.push(() => db.destroy())
    const time = new ChainTime(clock)
    const journal = new TransactionJournal(db, clock)
    const publisher = new Publisher({
      ...{ provider, signer, journal, time, clock, log, pollMs: Math.min(pollMs, 500), maxInFlight: 32 },
      maxFee: options.maxFee ?? 200n * GWEI,
      tip: GWEI / 10n,
      maxGas: costOf(limits.maxGas, MAX_CALL_BYTES),
      bumpMs: options.bumpMs ?? 12_000,
    })
    const desk = new RelayDesk({ contracts, limits, outbox: publisher, time, clock })
    for (const { key, gasLimit, at } of await journal.since(clock.now() - DAY_MS)) {
      desk.remember(key.split('/')[1] ?? '', gasLimit, at)
    }
    let seenAt = 0
    const see = async (): Promise<void> => {
      const block = await provider.getBlock('latest')
      if (block === null) return
      time.see(block.number, block.timestamp)
      seenAt = clock.elapsed()
    }
    await see()
    await publisher.recover()
    const stopping = new AbortController()
    const loops = Promise.all([publisher.run(stopping.signal), watch(see, { clock, log, pollMs }, stopping.signal)])
    closers.push(async () => {
      stopping.abort()
      await loops
    })
    const { perSecond, burst } = options.rate ?? { perSecond: 10, burst: 60 }
    const app = relayApp({
      ...{ desk, clock, log, limiter: new RateLimiter(perSecond, burst) },
      behindProxy: options.behindProxy ?? false,
      isReady: () => clock.elapsed() - seenAt < READY_MS,
      facts: {
        ...{ chainId, relay: contracts.addresses.relay, account: signer.address },
        ...{ maxGas: limits.maxGas.toString(), gasPerDay: limits.gasPerDay.toString() },
        ...{ actsPerMinute: limits.actsPerMinute, maxBytes: MAX_CALL_BYTES, longestDeadline: LONGEST_DEADLINE },
      },
    })
    const server = await HttpServer.listen(app.fetch, host, port).catch((cause: unknown) => {
      throw relayerError('RELAYER_CONFIG_INVALID', `cannot listen at ${host}:${port}`, { cause })
    })
    closers.push(() => server.close())
    return { url: server.url, account: signer.address, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Looks at the newest block until `signal` is aborted. */
async function watch(
  see: () => Promise<void>,
  { clock, log, pollMs }: { readonly clock: Clock; readonly log: Logger; readonly pollMs: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal).catch(() => undefined)
    await see().catch((error: unknown) => log.debug('the chain cannot be looked at now', { stage: 'serve', error }))
  }
}
