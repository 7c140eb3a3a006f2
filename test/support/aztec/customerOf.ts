import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { hexlify, parseEther, randomBytes, type Wallet } from 'ethers'

import type { Lane } from '../../../sdk/src/aztec/adapter/Lane.js'
import type { TestNetwork } from '../network/TestNetwork.js'
import { TestAccount } from '../TestAccount.js'

/** A customer of a network: an account with tokens, and the configuration of an adapter that it pays for. */
export async function customerOf(
  network: TestNetwork,
  brokerUrl: string,
  lanes: readonly (Partial<Lane> & Pick<Lane, 'program' | 'types'>)[],
): Promise<{ readonly customer: Wallet; readonly config: string }> {
  const customer = new TestAccount(hexlify(randomBytes(32)), network.chain.provider)
  await network.chain.provider.send('anvil_setBalance', [customer.address, `0x${(10n ** 20n).toString(16)}`])
  await (await network.contracts.token.transfer(customer.address, parseEther('1000'))).wait()
  const directory = join(network.directory, 'customer')
  await mkdir(directory)
  await writeFile(join(directory, 'key'), customer.privateKey, { mode: 0o600 })
  const config = join(directory, 'aztec.json')
  const fields = {
    ...{ brokerUrl, lanes, rpcUrl: network.chain.url, deployment: network.deploymentPath },
    ...{ keyFile: join(directory, 'key'), dataDirectory: join(directory, 'data') },
    ...{ contentDirectory: join(network.directory, 'content'), inbox: join(network.directory, 'inbox') },
    ...{ trust: 'program', simulated: true, runtime: 'bubblewrap', pollMs: 200, heartbeatMs: 1_000 },
    ...{ budgetPerEpoch: '100', budgetPerDay: '1000', logLevel: 'debug' },
  }
  await writeFile(config, JSON.stringify(fields))
  return { customer, config }
}
