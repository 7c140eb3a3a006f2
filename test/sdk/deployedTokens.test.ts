import { expect } from 'chai'
import { getCreateAddress } from 'ethers'
import { assertOneToken, TOKEN_ROLES } from '../../sdk/src/deploy/assertOneToken.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import { startNetwork, type Network } from '../support/network.js'

describe('deploy: one token', function () {
  this.timeout(120_000)
  let network: Network

  before(async () => {
    network = await startNetwork()
  })
  after(() => network.chain.stop())

  it('takes a deployment as it is made, and names a contract that holds another token', async () => {
    const { record, owner, chain } = network
    const { contracts } = record
    await assertOneToken(chain.provider, contracts)
    const other = await deployContract(owner, 'GevulotToken', [owner.address, devnet.supply])
    // A second set, whose parts name each other as they must.
    const { relay, qualification } = contracts
    const first = await owner.getNonce()
    const at = (place: number): string => getCreateAddress({ from: owner.address, nonce: first + place })
    const peers = [at(2), relay.address, qualification.address, at(3)]
    const terms = [owner.address, devnet.epochLength, devnet.cooldown]
    const registry = await deployContract(owner, 'ProverRegistry', [other.address, peers, ...terms])
    const extension = await deployContract(owner, 'MarketExtension', [other.address, registry.address])
    const market = await deployContract(owner, 'Market', [extension.address, owner.address])
    const judges = [market.address, registry.address, devnet.validators.class]
    const committee = await deployContract(owner, 'Committee', [other.address, ...judges])
    const rewards = await deployContract(owner, 'Rewards', [market.address, other.address, owner.address, 60])
    const strange = { market, registry, committee, rewards }
    for (const role of TOKEN_ROLES) {
      const failure = await assertOneToken(chain.provider, { ...contracts, [role]: strange[role] }).then(
        () => 'none',
        (error: unknown) => (error as Error).message,
      )
      expect(failure).to.equal(
        `the token of the ${role} is ${other.address}, that of the network ${contracts.token.address}`,
      )
    }
  })
})
