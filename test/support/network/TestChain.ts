import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import type { JsonRpcProvider } from 'ethers'

import { rpcProvider } from '../../../sdk/src/chain/index.js'
import { findAnvil } from '../../../sdk/src/devnet/findAnvil.js'
import { spawnAnvil } from '../../../sdk/src/devnet/spawnAnvil.js'
import { root } from '../../../scripts/lib/artifacts.js'
import { freePort } from '../freePort.js'
import { TestAccount } from '../TestAccount.js'

const ATTEMPTS = 3

/** The chain id of test chains. */
export const CHAIN_ID = 31_337

/** A local chain as a process of its own. It mines every transaction at once until told to mine in intervals. */
export class TestChain {
  readonly url: string
  readonly provider: JsonRpcProvider
  readonly #port: number
  readonly #process: ChildProcess

  private constructor(port: number, process: ChildProcess) {
    this.#port = port
    this.#process = process
    this.url = `http://127.0.0.1:${port}`
    this.provider = rpcProvider(this.url, CHAIN_ID)
    this.provider.pollingInterval = 100
  }

  /**
   * Starts a chain on a free port.
   * @param time Unix time of its first block; the present by default.
   */
  static async start(chainId = CHAIN_ID, time = Math.floor(Date.now() / 1000)): Promise<TestChain> {
    for (let attempt = 1; ; attempt++) {
      const chain = await TestChain.#spawn(chainId, time)
      try {
        await chain.#answering()
        return chain
      } catch (error) {
        await chain.stop()
        // Somebody else may have taken the port meanwhile.
        if (attempt === ATTEMPTS) throw error
      }
    }
  }

  static async #spawn(chainId: number, time: number): Promise<TestChain> {
    const port = await freePort()
    return new TestChain(port, spawnChain(port, chainId, time))
  }

  /** An account of the chain. */
  wallet(index: number): TestAccount {
    return TestAccount.of(index, this.provider)
  }

  /** From now on a block every `seconds`; 0: only when told to. */
  async mineEvery(seconds: number): Promise<void> {
    await this.provider.send('evm_setAutomine', [false])
    await this.provider.send('evm_setIntervalMining', [seconds])
  }

  /** From now on a block for every transaction. */
  async mineAtOnce(): Promise<void> {
    await this.provider.send('evm_setIntervalMining', [0])
    await this.provider.send('evm_setAutomine', [true])
  }

  /** Mines a block now. */
  async mine(): Promise<void> {
    await this.provider.send('evm_mine', [])
  }

  /** From now on no block, also none that was under way: one for all that waits is the last. */
  async hold(): Promise<void> {
    await this.mineEvery(0)
    // It waits for that of an interval.
    await this.mine()
  }

  /**
   * Takes back blocks, which the node forgets with all that was in them: the worst that a node can do. Others of the same number take their place. No block comes
   * until it is told when to mine again.
   * @returns How many: down to block `to`, and at least `least`.
   */
  async undo(to: number, least = 1): Promise<number> {
    await this.hold()
    const head = await this.provider.getBlockNumber()
    const depth = Math.max(least, head - to + 1)
    const hash = (await this.provider.getBlock(to))?.hash
    await this.provider.send('anvil_reorg', [depth, []])
    if ((await this.provider.getBlock(to))?.hash === hash)
      throw new Error(`block ${to} is not undone by ${depth} blocks`)
    return depth
  }

  /** Signed bytes of all that an account has sent since a block, oldest first. */
  async sentBy(account: string, since: number): Promise<string[]> {
    const sent: string[] = []
    for (let number = since; number <= (await this.provider.getBlockNumber()); number++) {
      const block = await this.provider.getBlock(number, true)
      for (const { from, hash } of block?.prefetchedTransactions ?? [])
        if (from === account) sent.push((await this.provider.send('eth_getRawTransactionByHash', [hash])) as string)
    }
    return sent
  }

  /** Lets the process stop answering, as a node that hangs; {@link resume} wakes it up. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  /** Undoes {@link pause}. */
  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** Ends the chain. */
  async stop(): Promise<void> {
    this.provider.destroy()
    this.#process.kill('SIGCONT')
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  async #answering(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt++) {
      if (this.#process.exitCode !== null) break
      try {
        await this.provider.send('eth_chainId', [])
        return
      } catch {
        await sleep(100)
      }
    }
    throw new Error(`anvil does not start on port ${this.#port}`)
  }
}

function spawnChain(port: number, chainId: number, time: number): ChildProcess {
  const args = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId), '--hardfork', 'prague']
  args.push('--timestamp', String(time))
  return spawnAnvil({ binary: findAnvil(root), args: [...args, '--accounts', '1', '--silent'], stdio: 'ignore' })
}
