import type { JsonRpcProvider, TransactionRequest } from 'ethers'
import type { Page } from 'playwright-core'

import { TestAccount } from './TestAccount.js'

/** What a person does with a question of the wallet. */
export type Decision = 'approve' | 'refuse'

/** A wallet in a page, as EIP-1193 has it, whose key and whose owner are in the test. */
export class BrowserWallet {
  readonly address: string
  /** What was asked for that its owner decides, in order. */
  readonly asked: string[] = []
  /** What its owner does with each question. */
  decide: (method: string) => Decision = () => 'approve'
  /** The chain it says it is on. */
  chainId: number
  readonly #wallet: TestAccount
  readonly #chains: readonly number[]

  constructor(key: string, provider: JsonRpcProvider, chainId: number, chains: readonly number[] = [chainId]) {
    this.#wallet = new TestAccount(key, provider)
    this.address = this.#wallet.address
    this.chainId = chainId
    this.#chains = chains
  }

  /** Puts it into every document that the page opens, announced under a name (EIP-6963). */
  async install(page: Page, name: string): Promise<void> {
    await page.exposeFunction('askWallet', (method: string, params: unknown[]) => this.#answer(method, params))
    await page.addInitScript({ content: `(${IN_PAGE})(${JSON.stringify(name)})` })
  }

  async #answer(method: string, params: unknown[]): Promise<{ result: unknown } | { error: object }> {
    try {
      return { result: await this.#do(method, params) }
    } catch (error) {
      // A wallet hands on what its node said: that is where the reason of a revert is.
      const { code, message, info } = error as { code?: unknown; message?: string; info?: { error?: object } }
      if (info?.error !== undefined) return { error: info.error }
      return { error: { code: typeof code === 'number' ? code : -32_603, message: message ?? 'failed' } }
    }
  }

  async #do(method: string, params: unknown[]): Promise<unknown> {
    if (/^(eth_requestAccounts|eth_sendTransaction|wallet_switchEthereumChain)$/.test(method)) {
      this.asked.push(method)
      if (this.decide(method) === 'refuse') {
        throw Object.assign(new Error('User rejected the request.'), { code: 4001 })
      }
    }
    switch (method) {
      case 'eth_requestAccounts':
      case 'eth_accounts':
        return [this.address]
      case 'eth_chainId':
        return `0x${this.chainId.toString(16)}`
      case 'wallet_switchEthereumChain': {
        const [{ chainId }] = params as [{ chainId: string }]
        if (!this.#chains.includes(Number(chainId))) throw Object.assign(new Error('Unknown chain'), { code: 4902 })
        this.chainId = Number(chainId)
        return null
      }
      case 'eth_sendTransaction': {
        const { from: _, gas, ...rest } = params[0] as TransactionRequest & { gas?: string }
        const sent = await this.#wallet.sendTransaction({ ...rest, ...(gas !== undefined && { gasLimit: gas }) })
        return sent.hash
      }
      default:
        return (this.#wallet.provider as JsonRpcProvider).send(method, params)
    }
  }
}

/** Runs in the page, before its own scripts. */
const IN_PAGE = `(name) => {
  const provider = {
    async request({ method, params = [] }) {
      const { result, error } = await window.askWallet(method, params)
      if (error !== undefined) throw Object.assign(new Error(), error)
      return result
    },
  }
  const detail = Object.freeze({ info: { uuid: 'a-wallet', name, icon: '', rdns: 'test.wallet' }, provider })
  window.addEventListener('eip6963:requestProvider', () => {
    window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }))
  })
}`
