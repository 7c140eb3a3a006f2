import { expect } from 'chai'
import { id, Interface, type InterfaceAbi, type Signer } from 'ethers'
import { network } from 'hardhat'
import { deploy } from '../../sdk/src/deploy/deploy.js'
import { acceptanceOf, execute, OWNED_ROLES, schedule, type Call } from '../../sdk/src/deploy/governance.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import type { DeploymentRecord } from '../../sdk/src/chain/deployment.js'
import { IMarket__factory } from '../../sdk/src/chain/generated/factories/IMarket__factory.js'
import { Market__factory } from '../../sdk/src/chain/generated/factories/Market__factory.js'
import { ProverRegistry__factory } from '../../sdk/src/chain/generated/factories/ProverRegistry__factory.js'
import { Qualification__factory } from '../../sdk/src/chain/generated/factories/Qualification__factory.js'
import { Rewards__factory } from '../../sdk/src/chain/generated/factories/Rewards__factory.js'
import { Timelock__factory } from '../../sdk/src/chain/generated/factories/Timelock__factory.js'
import type { Address } from '../../sdk/src/chain/hex.js'

const DAY = 86_400
const DELAY = 2 * DAY
const BOND = { bond: 5n * 10n ** 18n, slashBps: 500, bountyBps: 500, declineQuota: 4 }
const TERMS = { minimumFee: 20_000_000, minimumRate: 2_000, rules: 1 }

/** A network whose deployer has offered everything to a timelock of its own. */
class Governed {
  readonly #send: (method: string, params: unknown[]) => Promise<unknown>
  readonly contracts: DeploymentRecord['contracts']
  readonly council: Signer
  readonly anyone: Signer

  private constructor(
    send: (method: string, params: unknown[]) => Promise<unknown>,
    contracts: DeploymentRecord['contracts'],
    council: Signer,
    anyone: Signer,
  ) {
    this.#send = send
    this.contracts = contracts
    this.council = council
    this.anyone = anyone
  }

  static async start(council?: 'another'): Promise<Governed> {
    const { ethers } = await network.create('default')
    const [deployer, anyone, other] = await ethers.getSigners()
    if (!deployer || !anyone || !other) throw new Error('the chain has no accounts')
    const named = council === undefined ? {} : { council: other.address as Address }
    const parameters = { ...devnet, governance: { delay: DELAY, ...named } }
    const { contracts } = await deploy({ owner: deployer, network: 'test', parameters })
    const send = (method: string, params: unknown[]) => ethers.provider.send(method, params)
    return new Governed(send, contracts, council === undefined ? deployer : other, anyone)
  }

  get timelock(): Address {
    if (this.contracts.timelock === undefined) throw new Error('the record names no timelock')
    return this.contracts.timelock.address
  }

  async pass(seconds: number): Promise<void> {
    await this.#send('evm_increaseTime', [seconds])
    await this.#send('evm_mine', [])
  }

  async takeOver(): Promise<void> {
    await this.pass(DELAY)
    await execute(this.timelock, this.anyone, acceptanceOf(this.contracts))
  }

  call(role: 'market' | 'registry' | 'timelock', abi: InterfaceAbi, name: string, args: readonly unknown[]): Call {
    const to = role === 'timelock' ? this.timelock : this.contracts[role].address
    return { to, data: new Interface(abi).encodeFunctionData(name, args) }
  }

  /** The council's act as others see it happen: scheduled, waited for, executed by anyone. */
  async decide(calls: readonly Call[], salt: string): Promise<void> {
    await schedule(this.timelock, this.council, calls, id(salt))
    await this.pass(DELAY)
    await execute(this.timelock, this.anyone, calls, id(salt))
  }

  ownerOf(role: (typeof OWNED_ROLES)[number]): Promise<string> {
    return Market__factory.connect(this.contracts[role].address, this.anyone).owner()
  }
}

describe('contracts: governance', function () {
  this.timeout(120_000)
  let governed: Governed
  beforeEach(async () => {
    governed = await Governed.start()
  })

  it('everything that has an owner is handed over, and not before the delay', async () => {
    const { contracts, timelock, anyone, council } = governed
    const controller = Timelock__factory.connect(timelock, anyone)
    await expect(execute(timelock, anyone, acceptanceOf(contracts))).to.be.revertedWithCustomError(
      controller,
      'TimelockUnexpectedOperationState',
    )
    for (const role of OWNED_ROLES) expect(await governed.ownerOf(role)).to.equal(await council.getAddress())
    await governed.takeOver()
    for (const role of OWNED_ROLES) expect(await governed.ownerOf(role), role).to.equal(timelock)
  })

  it('another council schedules the taking over; the deployer cannot', async () => {
    const other = await Governed.start('another')
    const { contracts, timelock, anyone, council } = other
    const controller = Timelock__factory.connect(timelock, anyone)
    await expect(schedule(timelock, anyone, acceptanceOf(contracts))).to.be.revertedWithCustomError(
      controller,
      'AccessControlUnauthorizedAccount',
    )
    await schedule(timelock, council, acceptanceOf(contracts))
    await other.takeOver()
    for (const role of OWNED_ROLES) expect(await other.ownerOf(role), role).to.equal(timelock)
  })

  it('no owner act works directly any more, by the former owner or by the council', async () => {
    await governed.takeOver()
    const { contracts, council } = governed
    const market = Market__factory.connect(contracts.market.address, council)
    const terms = IMarket__factory.connect(contracts.market.address, council)
    const registry = ProverRegistry__factory.connect(contracts.registry.address, council)
    const qualification = Qualification__factory.connect(contracts.qualification.address, council)
    const rewards = Rewards__factory.connect(contracts.rewards.address, council)
    const address = await council.getAddress()
    const policy = {
      puzzle: address,
      beacon: contracts.beacon.address,
      window: 60,
      period: DAY,
      fractionBps: 5_000,
      excuses: 1,
      chargeBps: 100,
    }
    const acts = [
      () => terms.addRules({ ...devnet.rules, beacon: contracts.beacon.address }),
      () => terms.setClassTerms(1, TERMS),
      () => terms.setGuardian(address),
      () => market.transferOwnership(address),
      () => market.renounceOwnership(),
      () => registry.admit(address, true),
      () => registry.setClassBond(1, BOND),
      () => registry.transferOwnership(address),
      () => qualification.setPolicy(1, policy),
      () => rewards.setParameters(1n, 1, 1),
      () => rewards.listRequester(address, true),
    ]
    for (const act of acts) {
      await expect(act()).to.be.revertedWithCustomError(market, 'OwnableUnauthorizedAccount').withArgs(address)
    }
  })

  it('parameters change through the timelock: all calls of an act or none, and within the bounds of the contracts', async () => {
    await governed.takeOver()
    const { contracts, anyone } = governed
    const market = IMarket__factory.connect(contracts.market.address, anyone)
    const registry = ProverRegistry__factory.connect(contracts.registry.address, anyone)
    const bond = (slashBps: number) =>
      governed.call('registry', ProverRegistry__factory.abi, 'setClassBond', [1, { ...BOND, slashBps }])
    const terms = governed.call('market', IMarket__factory.abi, 'setClassTerms', [1, TERMS])
    await expect(governed.decide([terms, bond(5_001)], 'out of bounds')).to.be.revertedWithCustomError(
      registry,
      'InvalidClassBond',
    )
    expect((await market.classTermsOf(1)).minimumFee).to.equal(devnet.classes[0]?.minimumFee)
    await governed.decide([terms, bond(5_000)], 'within bounds')
    expect((await market.classTermsOf(1)).minimumFee).to.equal(TERMS.minimumFee)
    expect((await registry.nextClassBond(1)).params.slashBps).to.equal(5_000)
  })

  it('the council can cancel what waits, and schedule nothing for less than the delay', async () => {
    await governed.takeOver()
    const { timelock, council, anyone } = governed
    const controller = Timelock__factory.connect(timelock, council)
    const { to, data } = governed.call('market', IMarket__factory.abi, 'setClassTerms', [1, TERMS])
    const none = `0x${'00'.repeat(32)}`
    await expect(controller.schedule(to, 0, data, none, none, DELAY - 1))
      .to.be.revertedWithCustomError(controller, 'TimelockInsufficientDelay')
      .withArgs(DELAY - 1, DELAY)
    await controller.schedule(to, 0, data, none, none, DELAY)
    await controller.cancel(await controller.hashOperation(to, 0, data, none, none))
    await governed.pass(DELAY)
    await expect(controller.connect(anyone).execute(to, 0, data, none, none)).to.be.revertedWithCustomError(
      controller,
      'TimelockUnexpectedOperationState',
    )
  })

  it('the delay changes through the delay only, and within its bounds', async () => {
    const { timelock, council, anyone } = governed
    const controller = Timelock__factory.connect(timelock, council)
    await expect(controller.updateDelay(3 * DAY)).to.be.revertedWithCustomError(
      controller,
      'TimelockUnauthorizedCaller',
    )
    const change = (delay: number) => [governed.call('timelock', Timelock__factory.abi, 'updateDelay', [delay])]
    for (const delay of [0, DAY - 1, 30 * DAY + 1]) {
      await expect(governed.decide(change(delay), String(delay)))
        .to.be.revertedWithCustomError(controller, 'DelayOutOfBounds')
        .withArgs(delay, DAY, 30 * DAY)
    }
    await governed.decide(change(3 * DAY), 'longer')
    expect(await controller.connect(anyone).getMinDelay()).to.equal(3 * DAY)
  })

  it('nobody but the timelock itself administers its roles', async () => {
    const { timelock, council } = governed
    const controller = Timelock__factory.connect(timelock, council)
    const address = await council.getAddress()
    expect(await controller.hasRole(await controller.DEFAULT_ADMIN_ROLE(), timelock)).to.equal(true)
    await expect(controller.grantRole(await controller.PROPOSER_ROLE(), address)).to.be.revertedWithCustomError(
      controller,
      'AccessControlUnauthorizedAccount',
    )
  })
})
