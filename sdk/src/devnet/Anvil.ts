import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { HDNodeWallet, type JsonRpcProvider, Mnemonic } from 'ethers'
import { rpcProvider } from '../chain/rpcProvider.js'
import { systemClock } from '../clock.js'
import { devnetError } from '../errors/codes/devnet.js'
import { spawnAnvil } from './spawnAnvil.js'

/** Every local Ethereum chain has these keys: they are public and worth nothing. */
export const DEVNET_MNEMONIC = 'test test test test test test test test test test test junk'

/** The id of local chains. */
export const DEVNET_CHAIN_ID = 31_337

/** An account that every local chain has; 0 is the owner of a local network. */
export function devnetWallet(index: number): HDNodeWallet {
  return HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(DEVNET_MNEMONIC), `m/44'/60'/0'/0/${index}`)
}

const START_MS = 30_000
const PAUSE_MS = 50
const COMPLAINT_BYTES = 2_000
const HUNDRED_ETHER = `0x${(10n ** 20n).toString(16)}`

/** Options of {@link Anvil.start}. */
export interface AnvilOptions {
  /** See {@link findAnvil}. */
  readonly binary: string
  /** 0: any that is free. */
  readonly port: number
  /** Unix time of its first block. */
  readonly time: number
  readonly signal: AbortSignal
}

/** A local chain as a process of its own, on the loopback interface only. A block for every transaction until it is told to keep time. */
export class Anvil {
  readonly url: string
  readonly provider: JsonRpcProvider
  /** Resolves when the process ends. */
  readonly ended: Promise<void>
  readonly #process: ChildProcess
  #complaint = ''

  private constructor(port: number, child: ChildProcess) {
    this.url = `http://127.0.0.1:${port}`
    this.#process = child
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#complaint = error.message
        resolve()
      })
      child.once('exit', () => resolve())
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-COMPLAINT_BYTES)
    })
    this.provider = rpcProvider(this.url, DEVNET_CHAIN_ID)
    this.provider.pollingInterval = PAUSE_MS
  }

  /**
   * Starts a chain and waits until it answers.
   * @throws GevulotError DEVNET_PORT_TAKEN, DEVNET_CHAIN_FAILED; the reason of `signal`.
   */
  static async start({ binary, port: wanted, time, signal }: AnvilOptions): Promise<Anvil> {
    const port = await freePort(wanted)
    const args = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(DEVNET_CHAIN_ID)]
    args.push('--hardfork', 'prague', '--accounts', '1', '--timestamp', String(time), '--silent')
    // A group of its own: Ctrl-C at the terminal reaches us alone, and the chain ends after those who use it.
    const child = spawnAnvil({ binary, args, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    const chain = new Anvil(port, child)
    try {
      await chain.#answering(signal)
      return chain
    } catch (error) {
      await chain.stop()
      throw error
    }
  }

  /** An account that every local chain has. */
  wallet(index: number): HDNodeWallet {
    return devnetWallet(index).connect(this.provider)
  }

  /** Gives an account a hundred ether. */
  async fund(address: string): Promise<void> {
    await this.provider.send('anvil_setBalance', [address, HUNDRED_ETHER])
  }

  /** Moves the chain's clock ahead and mines a block. */
  async pass(seconds: number): Promise<void> {
    await this.provider.send('evm_increaseTime', [seconds])
    await this.provider.send('evm_mine', [])
  }

  /** From now on a block every `seconds`. */
  async keepTime(seconds: number): Promise<void> {
    await this.provider.send('evm_setAutomine', [false])
    await this.provider.send('evm_setIntervalMining', [seconds])
  }

  /** Ends the chain. */
  async stop(): Promise<void> {
    this.provider.destroy()
    this.#process.kill('SIGTERM')
    await this.ended
  }

  async #answering(signal: AbortSignal): Promise<void> {
    for (let waited = 0; waited < START_MS && this.#process.exitCode === null; waited += PAUSE_MS) {
      signal.throwIfAborted()
      try {
        await this.provider.send('eth_chainId', [])
        return
      } catch {
        await systemClock.sleep(PAUSE_MS, signal)
      }
    }
    throw devnetError('DEVNET_CHAIN_FAILED', `the local chain does not start: ${this.#complaint || 'it is silent'}`)
  }
}

/** The port, if it is free; for 0 any free one. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  try {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : wanted
  } catch (cause) {
    throw devnetError('DEVNET_PORT_TAKEN', `port ${wanted} is taken`, { cause })
  } finally {
    server.close()
  }
}
