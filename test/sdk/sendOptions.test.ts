import { expect } from 'chai'
import { parseUnits, toQuantity, type TransactionRequest, type TransactionResponse } from 'ethers'
import type { Hex } from '../../sdk/src/chain/hex.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { aProgram, PUBLIC_INPUTS, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { CHAIN_ID } from '../support/localChain.js'
import { rejected } from '../support/rejected.js'

const GWEI = parseUnits('1', 'gwei')

describe('client: what is sent', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 100n * TOKEN })
  })
  after(() => network.chain.stop())

  const rpc = (method: string, ...params: unknown[]): Promise<unknown> => network.chain.provider.send(method, params)
  const sent = (): Promise<number> => network.chain.provider.getTransactionCount(network.requester.address)
  const newest = async (): Promise<TransactionResponse> =>
    (await network.chain.provider.getBlock('latest', true))!.prefetchedTransactions[0]!
  const baseFee = async (): Promise<bigint> => (await network.chain.provider.getBlock('latest'))!.baseFeePerGas!

  describe('fees of one call', () => {
    const withdraw = (fees: { readonly maxFeePerGas?: bigint; readonly maxPriorityFeePerGas?: bigint }) =>
      client.withdraw({ amount: 1n, ...fees })

    it('both are those of the transaction', async () => {
      await withdraw({ maxFeePerGas: 77n * GWEI, maxPriorityFeePerGas: 3n * GWEI })
      expect(await newest()).to.include({ maxFeePerGas: 77n * GWEI, maxPriorityFeePerGas: 3n * GWEI })
    })

    it('a cap alone takes no tip above it, and a tip alone has room for the base fee to double', async () => {
      const base = await baseFee()
      const low = base + 1n
      await withdraw({ maxFeePerGas: low })
      const capped = await newest()
      expect(capped.maxFeePerGas).to.equal(low)
      expect(capped.maxPriorityFeePerGas! <= low).to.equal(true)
      const before = await baseFee()
      await withdraw({ maxPriorityFeePerGas: 5n * GWEI })
      const tipped = await newest()
      expect(tipped).to.include({ maxPriorityFeePerGas: 5n * GWEI, maxFeePerGas: 2n * before + 5n * GWEI })
    })

    it('every transaction of a call has them, and no other call', async () => {
      const from = await sent()
      const amount = 7n * TOKEN
      await client.deposit({ amount, maxFeePerGas: 66n * GWEI, maxPriorityFeePerGas: GWEI })
      expect(await sent()).to.equal(from + 2)
      const { provider } = network.chain
      const head = await provider.getBlockNumber()
      for (const number of [head - 1, head]) {
        const [each] = (await provider.getBlock(number, true))!.prefetchedTransactions
        expect(each).to.include({ maxFeePerGas: 66n * GWEI })
      }
      await withdraw({})
      expect((await newest()).maxFeePerGas).not.to.equal(66n * GWEI)
    })

    it('nothing is sent while gas costs more than the cap', async () => {
      const from = await sent()
      const cap = (await baseFee()) - 1n
      const error = await rejected(withdraw({ maxFeePerGas: cap }), 'CHAIN_FEE_ABOVE_CAP')
      expect(error.retryable).to.equal(true)
      expect(error.details).to.deep.include({ maxFeePerGas: cap })
      expect(await sent()).to.equal(from)
      // The place in the queue is free.
      await withdraw({})
      expect(await sent()).to.equal(from + 1)
    })

    it('where gas gets dearer behind an approval, the error says that it stands, and the same call goes on behind it', async () => {
      const { token, addresses } = client.contracts
      const [from, amount, cap] = [await sent(), 9n * TOKEN, (await baseFee()) * 4n]
      const signer = Object.assign(Object.create(network.requester) as typeof network.requester, {
        sendTransaction: async (request: TransactionRequest) => {
          const approval = await network.requester.sendTransaction(request)
          // The node answers before it mines; a dearer block would leave it out.
          await approval.wait()
          await rpc('anvil_setNextBlockBaseFeePerGas', toQuantity(cap + 1n))
          await network.chain.mine(1)
          return approval
        },
      })
      const paying = await network.client({ signer })
      const error = await rejected(paying.deposit({ amount, maxFeePerGas: cap }), 'CHAIN_FEE_ABOVE_CAP')
      expect(error.message).to.include('the approval was sent before and stands')
      expect(error.details).to.deep.include({ approved: amount, maxFeePerGas: cap })
      expect(await token.allowance(network.requester.address, addresses.market)).to.equal(amount)
      expect(await sent()).to.equal(from + 1)
      await client.deposit({ amount })
      expect(await sent()).to.equal(from + 2)
      await rpc('anvil_setNextBlockBaseFeePerGas', toQuantity(GWEI))
      await network.chain.mine(1)
    })

    it('values that make no sense are refused before anything is published or sent', async () => {
      const from = await sent()
      const store = new MemoryStore()
      let puts = 0
      store.put = (...given) => (puts++, MemoryStore.prototype.put.apply(store, given))
      const publishing = await network.client({ store })
      const program = await aProgram(network, client)
      const bad: readonly object[] = [
        { maxFeePerGas: 0n },
        { maxFeePerGas: -1n },
        { maxFeePerGas: 30 },
        { maxFeePerGas: '30' },
        { maxPriorityFeePerGas: -1n },
        { maxPriorityFeePerGas: 1.5 },
        { maxFeePerGas: GWEI, maxPriorityFeePerGas: GWEI + 1n },
      ]
      const before = await sent()
      for (const fees of bad) {
        await rejected(withdraw(fees), 'CLIENT_PARAMETER_INVALID')
        const inputs = { files: { public_inputs: PUBLIC_INPUTS } }
        const request = { program, inputs, fee: 10n * TOKEN, maxRunTime: 60, ...fees }
        await rejected(publishing.submit(request), 'CLIENT_PARAMETER_INVALID')
      }
      expect([puts, await sent()]).to.deep.equal([0, before])
      expect(before).to.be.at.least(from)
    })
  })

  describe('a transaction that the wallet replaces', () => {
    let program: Hex
    before(async () => {
      program = await aProgram(network, client)
    })
    beforeEach(() => rpc('evm_setAutomine', false))
    afterEach(async () => {
      await rpc('anvil_dropAllTransactions')
      await rpc('evm_setAutomine', true)
    })

    /** What waits to be mined. */
    const pending = async (): Promise<TransactionResponse> => {
      for (;;) {
        const [found] = (await network.chain.provider.getBlock('pending', true))!.prefetchedTransactions
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const replace = async (changes: TransactionRequest): Promise<TransactionResponse> => {
      const { nonce, to, data, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = await pending()
      const fees = { maxFeePerGas: 3n * maxFeePerGas!, maxPriorityFeePerGas: 3n * maxPriorityFeePerGas! }
      return network.requester.sendTransaction({ nonce, to, data, value, gasLimit, ...fees, ...changes })
    }
    const patient = (): Promise<GevulotClient> => network.client({ pollMs: 20, transactionTimeoutMs: 100_000 })

    it('by the same with other fees is what was asked for', async () => {
      const mine = await patient()
      const asked = mine.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 60 })
      const original = await pending()
      const faster = await replace({})
      expect(faster.hash).not.to.equal(original.hash)
      await network.chain.mine(1)
      const { transaction, created } = await asked
      expect({ transaction, created }).to.deep.equal({ transaction: faster.hash, created: true })
    })

    it('also where many blocks went by, and only once as many include it as were asked for', async () => {
      const mine = await network.client({ pollMs: 20, transactionTimeoutMs: 100_000, confirmations: 3 })
      let isOver = false
      const asked = mine.withdraw({ amount: 1n }).finally(() => (isOver = true))
      await replace({})
      await network.chain.mine(2)
      // Time enough for some looks; what they must not do is end.
      for (let look = 0; look < 10; look++) await network.chain.provider.send('eth_blockNumber', [])
      expect(isOver).to.equal(false)
      await network.chain.mine(20)
      await asked
    })

    it('behind a block that the library cannot read is waited for until the time-out, as before', async () => {
      const provider = rpcProvider(network.chain.url, CHAIN_ID)
      const send = provider.send.bind(provider)
      let unread = 0
      provider.send = async (method, params) => {
        const answer: unknown = await send(method, params)
        if (method !== 'eth_getBlockByNumber' || (params as unknown[])[1] !== true) return answer
        unread++
        // As some chains have them: without a signature.
        const { transactions } = answer as { transactions: Record<string, unknown>[] }
        for (const each of transactions) delete each['r']
        return answer
      }
      try {
        const signer = network.requester.connect(provider)
        // All its time is over once it has looked at that block, and not before.
        const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + (unread > 0 ? 200_000 : 0) }
        const mine = await network.client({ signer, clock, pollMs: 20, transactionTimeoutMs: 100_000 })
        const asked = rejected(mine.withdraw({ amount: 1n }), 'CHAIN_TRANSACTION_TIMEOUT')
        await replace({ to: network.requester.address, data: '0x' })
        await network.chain.mine(1)
        await asked
        expect(unread).to.be.greaterThan(0)
      } finally {
        provider.destroy()
      }
    })

    it('by another one is told at once, and the next call goes its way', async () => {
      const mine = await patient()
      const asked = rejected(mine.withdraw({ amount: 1n }), 'CHAIN_TRANSACTION_REPLACED')
      const original = await pending()
      const other = await replace({ to: network.requester.address, data: '0x' })
      await network.chain.mine(1)
      const error = await asked
      expect(error.details).to.include({ transaction: original.hash, replacement: other.hash, nonce: original.nonce })
      expect(error.retryable).to.equal(false)
      await rpc('evm_setAutomine', true)
      await mine.withdraw({ amount: 1n })
    })
  })
})
