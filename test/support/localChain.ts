import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { JsonRpcProvider } from 'ethers'
import { root } from '../../scripts/lib/artifacts.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { findAnvil } from '../../sdk/src/devnet/findAnvil.js'
import { spawnAnvil } from '../../sdk/src/devnet/spawnAnvil.js'
import { TestAccount } from './TestAccount.js'

export const CHAIN_ID = 31_337

/** A chain of one's own on this machine. A block is mined for every transaction; time moves when it is told to. */
export interface LocalChain {
  readonly url: string
  readonly provider: JsonRpcProvider
  /** Funded accounts by number. */
  account(index: number): TestAccount
  /** Moves the chain's clock and mines. */
  pass(seconds: number): Promise<void>
  mine(blocks: number): Promise<void>
  now(): Promise<number>
  stop(): Promise<void>
}

/** Starts an Anvil node on a free port of the loopback interface. */
export async function startLocalChain(): Promise<LocalChain> {
  const args = ['--port', '0', '--hardfork', 'prague', '--chain-id', String(CHAIN_ID)]
  const node = spawnAnvil({ binary: findAnvil(root), args, stdio: ['ignore', 'pipe', 'inherit'] })
  const url = `http://${await addressOf(node)}`
  const provider = rpcProvider(url, CHAIN_ID)
  // The clock of the chain does not stand still while a receipt is waited for.
  provider.pollingInterval = 100
  const mine = async (blocks: number): Promise<void> => {
    await provider.send('anvil_mine', [`0x${blocks.toString(16)}`])
  }
  return {
    url,
    provider,
    account: (index) => TestAccount.of(index, provider),
    mine,
    pass: async (seconds) => {
      await provider.send('evm_increaseTime', [seconds])
      await mine(1)
    },
    now: async () => (await provider.getBlock('latest'))!.timestamp,
    stop: async () => {
      provider.destroy()
      node.kill()
      if (node.exitCode === null) await once(node, 'exit')
    },
  }
}

async function addressOf(node: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: node.stdout! })) {
    const address = /Listening on (\S+)/.exec(line)?.[1]
    if (address !== undefined) {
      // An unread pipe would fill up and stop the node.
      node.stdout!.resume()
      return address
    }
  }
  throw new Error('anvil ended before it listened')
}
