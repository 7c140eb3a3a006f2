import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { HDNodeWallet, JsonRpcProvider, Mnemonic, NonceManager, type Signer } from 'ethers'

import { findAnvil } from '../../sdk/src/devnet/findAnvil.js'
import { spawnAnvil } from '../../sdk/src/devnet/spawnAnvil.js'
import { root } from '../lib/artifacts.js'

/** The mnemonic every local Ethereum chain uses: its keys are public and worth nothing. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN_ID = 31337
const START_ATTEMPTS = 100
const START_PAUSE_MS = 100
const CATCH_UP_ATTEMPTS = 10

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  server.close()
  await once(server, 'close')
  return address.port
}

/** A chain of this machine that listens on the loopback interface only. It mines at once until it is told to keep time. */
export class LocalChain {
  readonly url: string
  readonly provider: JsonRpcProvider
  readonly #process: ChildProcess

  private constructor(url: string, process: ChildProcess) {
    this.url = url
    this.#process = process
    this.provider = new JsonRpcProvider(url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 250 })
  }

  /**
   * Starts the chain.
   * @param behind Seconds that its clock begins behind ours. Blocks that are mined at once are a second apart, so many of them run ahead of it; see
   * {@link catchUp}.
   */
  static async start({ behind = 0 }: { readonly behind?: number } = {}): Promise<LocalChain> {
    const port = await freePort()
    const args = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(CHAIN_ID)]
    args.push('--hardfork', 'prague', '--accounts', '1', '--silent')
    if (behind > 0) args.push('--timestamp', String(Math.floor(Date.now() / 1000) - behind))
    const process = spawnAnvil({ binary: findAnvil(root), args, stdio: 'ignore' })
    const chain = new LocalChain(`http://127.0.0.1:${port}`, process)
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
      if (process.exitCode !== null) break
      try {
        await chain.provider.send('eth_chainId', [])
        return chain
      } catch {
        await sleep(START_PAUSE_MS)
      }
    }
    await chain.stop()
    throw new Error('the local chain (anvil) does not start; try: npx anvil --version')
  }

  /** Account number `index` of the local chain. */
  wallet(index: number): HDNodeWallet {
    return HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), `m/44'/60'/0'/0/${index}`).connect(this.provider)
  }

  /** The same account, for one sender that keeps its own nonce. */
  signer(index: number): Signer {
    return new NonceManager(this.wallet(index))
  }

  /** Gives an account ether for gas. */
  async fund(address: string, ether = 100n): Promise<void> {
    await this.provider.send('anvil_setBalance', [address, `0x${(ether * 10n ** 18n).toString(16)}`])
  }

  /** Moves its clock to ours. */
  async catchUp(): Promise<void> {
    // Who deployed here may have fixed the time between two blocks, which goes before any clock.
    await this.provider.send('anvil_removeBlockTimestampInterval', [])
    for (let attempt = 0; attempt < CATCH_UP_ATTEMPTS; attempt += 1) {
      await this.provider.send('evm_mine', [])
      const block = await this.provider.getBlock('latest')
      const behind = Math.floor(Date.now() / 1000) - (block?.timestamp ?? 0)
      if (behind < 0) throw new Error(`the local chain is ${-behind} s ahead: it has to begin further behind`)
      if (behind <= 1) return
      // A block that had to be later than its parent hides how far behind the clock is: then it takes another turn.
      await this.provider.send('evm_increaseTime', [behind])
    }
    throw new Error('the clock of the local chain does not follow')
  }

  /** From now on a block a second, as a real chain has its rhythm. */
  async keepTime(): Promise<void> {
    await this.provider.send('evm_setAutomine', [false])
    await this.provider.send('evm_setIntervalMining', [1])
  }

  /** Stops the chain. */
  async stop(): Promise<void> {
    this.provider.destroy()
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGTERM')
    await once(this.#process, 'exit')
  }
}
