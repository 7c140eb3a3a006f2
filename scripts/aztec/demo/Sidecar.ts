import { parseEther, type HDNodeWallet } from 'ethers'

import { BondAccount, type BondStatus } from '../../../sdk/src/aztec/bonds/BondAccount.js'
import { deployBonds } from '../../../sdk/src/aztec/bonds/deployBonds.js'
import type { SignedBond } from '../../../sdk/src/aztec/bonds/SignedBond.js'
import { EpochBonds__factory } from '../../../sdk/src/chain/generated/factories/EpochBonds__factory.js'
import { IAztecRollup__factory } from '../../../sdk/src/chain/generated/factories/IAztecRollup__factory.js'
import { RewardShare__factory } from '../../../sdk/src/chain/generated/factories/RewardShare__factory.js'
import { RewardShares__factory } from '../../../sdk/src/chain/generated/factories/RewardShares__factory.js'
import type { EpochBonds, IAztecRollup, RewardShares } from '../../../sdk/src/chain/generated/index.js'
import { toAddress, type Hex } from '../../../sdk/src/chain/hex.js'
import { deployContract } from '../../../sdk/src/deploy/deploy.js'
import type { LocalChain } from '../../demo/LocalChain.js'
import { ACCOUNTS } from './accounts.js'
import type { Market } from './Market.js'

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

/** Bonds on epochs of the rollup, in tokens of our network, as `gevulot aztec` makes them. */
export class Bonding {
  readonly rollup: IAztecRollup
  readonly #bonds: EpochBonds
  readonly #bonder: HDNodeWallet
  readonly #proverId: Hex
  readonly #prover: HDNodeWallet
  readonly #passerBy: HDNodeWallet

  private constructor(rollup: IAztecRollup, bonds: EpochBonds, chain: LocalChain, proverId: Hex) {
    this.rollup = rollup
    this.#bonds = bonds
    this.#bonder = chain.wallet(ACCOUNTS.bonder)
    this.#passerBy = chain.wallet(ACCOUNTS.passerBy)
    this.#prover = chain.wallet(ACCOUNTS.provers)
    this.#proverId = proverId
  }

  /** Deploys the bonds of a rollup and pays in what the proposer will bond. */
  static async start(chain: LocalChain, { contracts }: Market, rollup: string, proverId: string): Promise<Bonding> {
    const owner = chain.wallet(ACCOUNTS.owner)
    const token = contracts.token
    const { bonds: address } = await deployBonds(owner, {
      ...{ rollup: toAddress(rollup), token: toAddress(await token.getAddress()) },
      ...{ withdrawalDelay: WITHDRAWAL_SECONDS, leastDeposit: LEAST_DEPOSIT },
    })
    const bonds = EpochBonds__factory.connect(address, chain.provider)
    const bonding = new Bonding(
      IAztecRollup__factory.connect(rollup, chain.provider),
      bonds,
      chain,
      toAddress(proverId),
    )
    for (const index of [ACCOUNTS.bonder, ACCOUNTS.passerBy]) await chain.fund(chain.wallet(index).address)
    const amount = 2n * (DEPOSIT + TIP + BOUNTY)
    const bonder = chain.wallet(ACCOUNTS.bonder)
    await (await token.transfer(bonder.address, amount)).wait()
    await (await BondAccount.connect(bonder, address)).fund(amount)
    return bonding
  }

  /** Has the proposer sign a bond on an epoch that is over; somebody else opens it. */
  async open(epoch: bigint): Promise<SignedBond> {
    const terms = { epoch, prover: toAddress(this.#prover.address), proverId: this.#proverId }
    const bond = await (await this.#as(this.#bonder)).sign({ ...terms, deposit: DEPOSIT, tip: TIP, bounty: BOUNTY })
    await (await this.#as(this.#passerBy)).open(bond)
    return bond
  }

  /** Settles a bond, as anybody may. @returns How it ended, and what each has now. */
  async settle(bond: SignedBond): Promise<BondEnd> {
    const before = await this.balances()
    const { state } = await (await this.#as(this.#passerBy)).settle(bond)
    const after = await this.balances()
    return {
      state,
      returned: after.bonder - before.bonder,
      tip: after.prover - before.prover,
      bounty: after.passerBy - before.passerBy,
    }
  }

  /** Balances within the bonds. */
  async balances(): Promise<{ readonly bonder: bigint; readonly prover: bigint; readonly passerBy: bigint }> {
    const of = async ({ address }: HDNodeWallet): Promise<bigint> => (await this.#bonds.accounts(address)).balance
    return { bonder: await of(this.#bonder), prover: await of(this.#prover), passerBy: await of(this.#passerBy) }
  }

  async #as(wallet: HDNodeWallet): Promise<BondAccount> {
    return BondAccount.connect(wallet, toAddress(await this.#bonds.getAddress()))
  }
}

/** What became of a bond, token units. */
export interface BondEnd {
  readonly state: BondStatus['state']
  /** To the bonder, of deposit, tip and bounty. */
  readonly returned: bigint
  readonly tip: bigint
  readonly bounty: bigint
}
