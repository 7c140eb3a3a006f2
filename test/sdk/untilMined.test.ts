import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { TransactionResponse } from 'ethers'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { untilMined } from '../../sdk/src/chain/untilMined.js'
import { CHAIN_ID, TestChain } from '../support/network/TestChain.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { rejected } from '../support/rejected.js'
import { TestAccount } from '../support/TestAccount.js'

describe('chain: until a transaction is mined', function () {
  this.timeout(60_000)
  let chain: TestChain
  let rpc: FaultyRpc
  let account: TestAccount

  before(async () => {
    chain = await TestChain.start()
    rpc = await FaultyRpc.start(chain.url)
    account = TestAccount.of(0, rpcProvider(rpc.url, CHAIN_ID))
  })
  after(async () => {
    account.provider?.destroy()
    await rpc.stop()
    await chain.stop()
  })
  beforeEach(() => chain.hold())

  // 1 wei to itself, or code that does nothing but revert.
  const send = (data?: string): Promise<TransactionResponse> =>
    account.sendTransaction(data === undefined ? { to: account.address, value: 1n } : { data, gasLimit: 100_000n })

  it('an endpoint that fails meanwhile is asked again', async () => {
    const sent = await send()
    const mined = untilMined(sent)
    rpc.fault = 'breaks'
    for (const before = rpc.spoiled; rpc.spoiled < before + 3;) await sleep(20)
    await chain.mine()
    rpc.fault = 'none'
    expect(await mined).to.include({ hash: sent.hash, status: 1 })
  })

  it('one that reverts is an error with its hash', async () => {
    const sent = await send('0x60006000fd')
    await chain.mine()
    const { details } = await rejected(untilMined(sent), 'CHAIN_TRANSACTION_REVERTED')
    expect(details).to.deep.equal({ transaction: sent.hash })
  })

  it('one that another one takes the place of is told', async () => {
    const sent = await send()
    await chain.provider.send('anvil_dropTransaction', [sent.hash])
    const other = await chain.wallet(0).sendTransaction({ to: account.address, value: 2n, nonce: sent.nonce })
    await chain.mine()
    const { details } = await rejected(untilMined(sent), 'CHAIN_TRANSACTION_REPLACED')
    expect(details).to.include({ transaction: sent.hash, replacement: other.hash })
  })
})
