import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { keccak256 } from 'ethers'
import { runCli, startCli } from '../support/cli.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { TestNetwork } from '../support/network/TestNetwork.js'

describe('cli: a command that ends behind its transaction', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let rpc: FaultyRpc

  before(async () => {
    network = await TestNetwork.start()
    rpc = await FaultyRpc.start(network.chain.url)
    await writeFile(join(network.directory, 'key'), network.chain.wallet(0).privateKey, { mode: 0o600 })
    const settings = { rpcUrl: rpc.url, deployment: network.deploymentPath, keyFile: './key' }
    await writeFile(join(network.directory, 'gevulot.json'), JSON.stringify(settings))
    await network.chain.mineAtOnce()
    expect((await run('account', 'deposit', '1')).code).to.equal(0)
  })
  after(async () => {
    await rpc.stop()
    await network.stop()
  })

  const run = (...args: string[]) => runCli(args, { cwd: network.directory })
  const sent = (tag = 'latest'): Promise<number> =>
    network.chain.provider.getTransactionCount(network.chain.wallet(0).address, tag)

  it('says which, and that it is not known what became of it, with a code that no supervisor takes for "again"', async () => {
    const before = await sent()
    rpc.loses = ({ method }) => method === 'eth_sendRawTransaction' || method === 'eth_getTransactionByHash'
    const { code, stderr } = await run('account', 'withdraw', '0.5')
    rpc.loses = () => false
    expect(code).to.equal(4)
    expect(await sent()).to.equal(before + 1)
    const { transactions } = (await network.chain.provider.getBlock('latest'))!
    expect(stderr).to.include('CHAIN_TRANSACTION_TIMEOUT').and.to.include(transactions[0]!)
  })

  for (const json of [false, true]) {
    it(`says which when it is stopped${json ? ', as JSON' : ''}`, async () => {
      await network.chain.mineEvery(0)
      const before = await sent('pending')
      const args = ['account', 'withdraw', '0.01', ...(json ? ['--json'] : [])]
      const child = startCli(args, { cwd: network.directory })
      let stderr = ''
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      for (let left = 900; (await sent('pending')) === before; await sleep(100))
        if (left-- === 0) throw new Error(`nothing was sent:\n${stderr}`)
      child.kill('SIGINT')
      expect(await once(child, 'close')).to.deep.equal([130, null])
      await network.chain.mineAtOnce()
      const hash = keccak256((await network.chain.sentBy(network.chain.wallet(0).address, 0)).at(-1)!)
      if (json) {
        const { error } = JSON.parse(stderr) as { readonly error: object }
        expect(error).to.deep.include({ code: 'CLI_STOPPED', details: { transaction: hash } })
      } else expect(stderr.replaceAll(/\s+/g, ' ')).to.include(`transaction ${hash} was sent before`)
    })
  }

  it('says nothing more when it had sent nothing', async () => {
    const asked = (): number => rpc.asked.get('eth_estimateGas') ?? 0
    const before = asked()
    rpc.delays = ({ method }) => (method === 'eth_estimateGas' ? 30_000 : 0)
    const child = startCli(['account', 'withdraw', '0.01'], { cwd: network.directory })
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    for (let left = 900; asked() === before; await sleep(100))
      if (left-- === 0) throw new Error(`nothing was asked for:\n${stderr}`)
    child.kill('SIGINT')
    expect(await once(child, 'close')).to.deep.equal([130, null])
    expect(stderr).not.to.include('CLI_STOPPED')
  })
})
