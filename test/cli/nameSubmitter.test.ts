import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { Wallet } from 'ethers'

import { deploy } from '../../sdk/src/deploy/deploy.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import { runCli } from '../support/cli.js'
import { startLocalChain, type LocalChain } from '../support/localChain.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const DAY = 86_400

describe('cli: naming a submitter key', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let chain: LocalChain

  before(async () => {
    chain = await startLocalChain()
  })
  after(() => chain.stop())

  it('takes the longest term where the newest block is behind this machine', async () => {
    const record = await deploy({ owner: chain.account(0), network: 'test', parameters: devnet })
    // From here on its clock goes by blocks, and this machine's goes on meanwhile.
    await chain.provider.send('anvil_setBlockTimestampInterval', [1])
    while (Date.now() / 1000 < (await chain.now()) + 5) await sleep(500)
    const operator = Wallet.createRandom()
    await chain.provider.send('anvil_setBalance', [operator.address, '0xde0b6b3a7640000'])
    await writeFile(join(directory(), 'deployment.json'), JSON.stringify(record))
    await writeFile(join(directory(), 'key'), operator.privateKey, { mode: 0o600 })
    const settings = { rpcUrl: chain.url, deployment: 'deployment.json', keyFile: 'key' }
    await writeFile(join(directory(), 'gevulot.json'), JSON.stringify(settings))
    const named = async (days: number): Promise<number> => {
      const key = Wallet.createRandom().address
      const run = await runCli(['prover', 'name-submitter', key, '--days', String(days), '--json'], {
        cwd: directory(),
      })
      return Number(run.json()['until'])
    }
    const before = await chain.now()
    expect(await named(366)).to.be.within(before + 366 * DAY, Math.floor(Date.now() / 1000) + 366 * DAY)
    expect(await named(90)).to.be.greaterThan(before + 90 * DAY)
  })
})
