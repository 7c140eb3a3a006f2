import { MaxUint256, parseEther, type HDNodeWallet } from 'ethers'

import { EpochBonds__factory } from '../../../sdk/src/chain/generated/factories/EpochBonds__factory.js'
import { IAztecRollup__factory } from '../../../sdk/src/chain/generated/factories/IAztecRollup__factory.js'
import { RewardShare__factory } from '../../../sdk/src/chain/generated/factories/RewardShare__factory.js'
import { RewardShares__factory } from '../../../sdk/src/chain/generated/factories/RewardShares__factory.js'
import type { EpochBonds, IAztecRollup, IEpochBonds, RewardShares } from '../../../sdk/src/chain/generated/index.js'
import { deployContract } from '../../../sdk/src/deploy/deploy.js'
import type { LocalChain } from '../../demo/LocalChain.js'
import { ACCOUNTS } from './accounts.js'
import type { Market } from './Market.js'

const STATES = ['None', 'Open', 'Kept', 'Covered', 'Broken', 'Returned'] as const
const WITHDRAWAL_SECONDS = 600
const LEAST_DEPOSIT = parseEther('10')
const DEPOSIT = parseEther('50')
const TIP = parseEther('3')
const BOUNTY = parseEther('1')

/** The parties of a shared identity, as the contract wants them. */
type Parties = { readonly account: string; readonly bps: number }[]

/** The prover's identity on the rollup: two parties that share what it earns. Its address is known before anything stands there. */
export class ProverIdentity {
  readonly address: string
  readonly parties: Parties
  readonly #shares: RewardShares

  private constructor(address: string, parties: Parties, shares: RewardShares) {
    this.address = address
    this.parties = parties
    this.#shares = shares
  }

  static async agree(chain: LocalChain): Promise<ProverIdentity> {
    const owner = chain.wallet(ACCOUNTS.owner)
    const shares = RewardShares__factory.connect((await deployContract(owner, 'RewardShares')).address, owner)
    const parties = [
      { account: chain.wallet(ACCOUNTS.customer).address, bps: 4_000 },
      { account: chain.wallet(ACCOUNTS.provers).address, bps: 6_000 },
    ].toSorted((a, b) => (a.account.toLowerCase() < b.account.toLowerCase() ? -1 : 1))
    return new ProverIdentity(await shares.shareOf(parties), parties, shares)
  }

  /** Pays every party its part of a token that has come. @returns The parts. */
  async pay(token: string): Promise<readonly bigint[]> {
    await (await this.#shares.create(this.parties)).wait()
    const share = RewardShare__factory.connect(this.address, this.#shares.runner)
    const parts: bigint[] = []
    for (const { account } of this.parties) {
      parts.push(await share.due(token, account))
      await (await share.pay(token, account)).wait()
    }
    return parts
  }
}

/** Bonds on epochs of the rollup, in tokens of our network. */
export class Bonding {
  readonly rollup: IAztecRollup
  readonly #bonds: EpochBonds
  readonly #bonder: HDNodeWallet
  readonly #proverId: string
  readonly #prover: string
  readonly #passerBy: HDNodeWallet

  private constructor(rollup: IAztecRollup, bonds: EpochBonds, chain: LocalChain, proverId: string) {
    this.rollup = rollup
    this.#bonds = bonds
    this.#bonder = chain.wallet(ACCOUNTS.bonder)
    this.#passerBy = chain.wallet(ACCOUNTS.passerBy)
    this.#prover = chain.wallet(ACCOUNTS.provers).address
    this.#proverId = proverId
  }

  /** Deploys the bonds of a rollup and pays in what the proposer will bond. */
  static async start(chain: LocalChain, { contracts }: Market, rollup: string, proverId: string): Promise<Bonding> {
    const owner = chain.wallet(ACCOUNTS.owner)
    const { address: view } = await deployContract(owner, 'AztecRollupView', [rollup])
    const token = contracts.token
    const tokenAddress = await token.getAddress()
    const deployed = await deployContract(owner, 'EpochBonds', [view, tokenAddress, WITHDRAWAL_SECONDS, LEAST_DEPOSIT])
    const bonds = EpochBonds__factory.connect(deployed.address, chain.wallet(ACCOUNTS.bonder))
    const bonding = new Bonding(IAztecRollup__factory.connect(rollup, chain.provider), bonds, chain, proverId)
    for (const index of [ACCOUNTS.bonder, ACCOUNTS.passerBy]) await chain.fund(chain.wallet(index).address)
    const amount = 2n * (DEPOSIT + TIP + BOUNTY)
    const bonder = chain.wallet(ACCOUNTS.bonder)
    await (await token.transfer(bonder.address, amount)).wait()
    await (await token.connect(bonder).approve(deployed.address, MaxUint256)).wait()
    await (await bonds.deposit(bonder.address, amount)).wait()
    return bonding
  }

  /** Bonds on an epoch that is over. @param slot One in which the rollup's proposer could be asked for. */
  async open(span: IEpochBonds.BondStruct['span'], slot: bigint): Promise<IEpochBonds.BondStruct> {
    const bond = {
      ...{ proposer: this.#bonder.address, prover: this.#prover, proverId: this.#proverId, slot, span },
      ...{ deposit: DEPOSIT, tip: TIP, bounty: BOUNTY },
    }
    await (await this.#bonds.open(bond, '0x')).wait()
    return bond
  }

  /** Settles a bond, as anybody may. @returns How it ended, and what each has now. */
  async settle(bond: IEpochBonds.BondStruct): Promise<BondEnd> {
    const before = await this.balances()
    await (await this.#bonds.connect(this.#passerBy).settle(bond, this.#passerBy.address)).wait()
    const after = await this.balances()
    const { state } = await this.#bonds.bonds(await this.#bonds.idOf(bond))
    return {
      state: STATES[Number(state)] ?? 'None',
      returned: after.bonder - before.bonder,
      tip: after.prover - before.prover,
      bounty: after.passerBy - before.passerBy,
    }
  }

  /** Balances within the bonds. */
  async balances(): Promise<{ readonly bonder: bigint; readonly prover: bigint; readonly passerBy: bigint }> {
    const of = async (account: string): Promise<bigint> => (await this.#bonds.accounts(account)).balance
    return {
      bonder: await of(this.#bonder.address),
      prover: await of(this.#prover),
      passerBy: await of(this.#passerBy.address),
    }
  }
}

/** What became of a bond, token units. */
export interface BondEnd {
  readonly state: (typeof STATES)[number]
  /** To the bonder, of deposit, tip and bounty. */
  readonly returned: bigint
  readonly tip: bigint
  readonly bounty: bigint
}
