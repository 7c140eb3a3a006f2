import { expect } from 'chai'
import { Wallet, type Signer, type TransactionRequest, type TransactionResponse } from 'ethers'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/createClient.js'
import { CHAIN_ID } from '../support/localChain.js'
import { startNetwork, TOKEN, type Network } from '../support/network.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { rejected } from '../support/rejected.js'

describe('client: transactions whose answer is lost', function () {
  this.timeout(120_000)
  let network: Network
  let rpc: FaultyRpc
  let wallet: Wallet
  let client: GevulotClient

  before(async () => {
    network = await startNetwork()
  })
  after(() => network.chain.stop())
  beforeEach(async () => {
    rpc = await FaultyRpc.start(network.chain.url)
    wallet = new Wallet(network.requester.privateKey, rpcProvider(rpc.url, CHAIN_ID))
    client = await open(wallet)
    await client.deposit({ amount: TOKEN })
  })
  afterEach(async () => {
    wallet.provider?.destroy()
    await rpc.stop()
  })

  const open = (signer: Signer): Promise<GevulotClient> =>
    createClient({ deployment: network.deployment, signer, pollMs: 50 })
  const sent = (): Promise<number> => network.chain.provider.getTransactionCount(wallet.address)
  const balance = async (): Promise<bigint> => (await client.getBalance()).market
  const isSending = ({ method }: { readonly method: string }): boolean => method === 'eth_sendRawTransaction'

  /** The first so many transactions get no answer, though the node has them. */
  function lose(many: number): void {
    let left = many
    rpc.loses = (call) => isSending(call) && left-- > 0
  }

  it('are found, and nothing is done twice', async () => {
    const [before, had] = [await sent(), await balance()]
    lose(2)
    await client.withdraw({ amount: 1n })
    expect(rpc.spoiled).to.be.greaterThan(0)
    expect([await sent(), await balance()]).to.deep.equal([before + 1, had - 1n])
  })

  it('are sent again as they were where the endpoint has not got them', async () => {
    const [before, had] = [await sent(), await balance()]
    const { provider } = wallet
    const broadcast = provider!.broadcastTransaction.bind(provider)
    let left = 2
    provider!.broadcastTransaction = (raw) =>
      left-- > 0 ? Promise.reject(new Error('socket hang up')) : broadcast(raw)
    await client.withdraw({ amount: 1n })
    expect(left).to.equal(-1)
    expect([await sent(), await balance()]).to.deep.equal([before + 1, had - 1n])
  })

  it('that nobody can look up end with their hash', async () => {
    const before = await sent()
    rpc.loses = (call) => isSending(call) || call.method === 'eth_getTransactionByHash'
    const error = await rejected(client.withdraw({ amount: 1n }), 'CHAIN_TRANSACTION_TIMEOUT')
    const hash = String(error.details?.['transaction'])
    expect((await network.chain.provider.getTransactionReceipt(hash))?.status).to.equal(1)
    expect(await sent()).to.equal(before + 1)
  })

  it('an endpoint that refuses is believed at once', async () => {
    rpc.fault = 'is short of funds'
    const before = rpc.asked.get('eth_sendRawTransaction') ?? 0
    await rejected(client.withdraw({ amount: 1n }), 'CHAIN_GAS_FUNDS_LOW')
    expect(rpc.asked.get('eth_sendRawTransaction')).to.equal(before + 1)
  })

  it('nor is an answer lost that says no in words nobody knows', async () => {
    const before = rpc.asked.get('eth_sendRawTransaction') ?? 0
    rpc.fault = 'refuses as geth'
    rpc.says = 'txpool is full'
    const error = await rejected(client.withdraw({ amount: 1n }), 'CHAIN_RPC_UNAVAILABLE')
    expect(error.message).to.include('txpool is full')
    expect(rpc.asked.get('eth_sendRawTransaction')).to.equal(before + 1)
  })

  it('a wallet that sends by itself is left to it', async () => {
    let asked = 0
    class OwnWallet extends Wallet {
      override async sendTransaction(request: TransactionRequest): Promise<TransactionResponse> {
        asked += 1
        return super.sendTransaction(request)
      }
    }
    const own = await open(new OwnWallet(wallet.privateKey, wallet.provider))
    await own.withdraw({ amount: 1n })
    expect(asked).to.equal(1)
  })
})
