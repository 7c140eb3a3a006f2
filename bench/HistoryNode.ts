import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { HDNodeWallet, type JsonRpcProvider } from 'ethers'

import { root } from '../scripts/lib/artifacts.js'
import { rpcProvider } from '../sdk/src/chain/index.js'

const CHAIN_ID = 31_337
const MNEMONIC = 'test test test test test test test test test test test junk'
const START_MS = 60_000

/**
 * A node that makes a long history at once: Hardhat keeps a run of empty blocks as one range, where anvil's blocks take longer the more there are
 * (9 ms each from the ten thousandth on). It listens on loopback.
 */
export class HistoryNode {
  readonly provider: JsonRpcProvider
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, port: number) {
    this.#process = process
    this.provider = rpcProvider(`http://127.0.0.1:${port}`, CHAIN_ID)
    this.provider.pollingInterval = 20
  }

  static async start(): Promise<HistoryNode> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { readonly port: number }
    server.close()
    const args = [join(root, 'node_modules/hardhat/dist/src/cli.js'), 'node', '--port', String(port)]
    const child = spawn(process.execPath, [...args, '--hostname', '127.0.0.1'], { cwd: root, stdio: 'ignore' })
    process.once('exit', () => child.kill('SIGKILL'))
    const node = new HistoryNode(child, port)
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(100)) {
      try {
        await node.provider.send('eth_chainId', [])
        return node
      } catch {
        if (child.exitCode !== null) break
      }
    }
    await node.stop()
    throw new Error(`hardhat node does not start on port ${port}`)
  }

  /** The first account of the node. */
  wallet(): HDNodeWallet {
    return HDNodeWallet.fromPhrase(MNEMONIC).connect(this.provider)
  }

  /** Makes empty blocks. */
  async mine(blocks: number): Promise<void> {
    await this.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`, '0x1'])
  }

  async stop(): Promise<void> {
    this.provider.destroy()
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL')
      await once(this.#process, 'exit')
    }
  }
}
