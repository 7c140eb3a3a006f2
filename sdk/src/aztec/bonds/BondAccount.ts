import { TypedDataEncoder, type ContractTransaction, type Signer } from 'ethers'
import { AztecRollupView__factory } from '../../chain/generated/factories/AztecRollupView__factory.js'
import { EpochBonds__factory } from '../../chain/generated/factories/EpochBonds__factory.js'
import { EpochRelay__factory } from '../../chain/generated/factories/EpochRelay__factory.js'
import { GevulotToken__factory } from '../../chain/generated/factories/GevulotToken__factory.js'
import { IAztecRollup__factory } from '../../chain/generated/factories/IAztecRollup__factory.js'
import type { EpochBonds, IAztecRollup } from '../../chain/generated/index.js'
import { toAddress, toBytes32, type Hex } from '../../chain/hex.js'
import { nameAt } from '../../chain/names.js'
import { untilMined } from '../../chain/untilMined.js'
import { inTurn, type Turns } from '../../client/inTurn.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { chainError } from '../../errors/codes/chain.js'
import { MAX_EPOCH_CHECKPOINTS, type EpochRootProof } from '../posting/EpochRootProof.js'
import { sendWithMargin } from '../sendWithMargin.js'
import { bondRefusal } from './bondRefusal.js'
import type { SignedBond } from './SignedBond.js'

/** Where a bond stands, in the order of the contract. */
export const BOND_STATES = ['None', 'Open', 'Kept', 'Covered', 'Broken', 'Returned'] as const

/** What a proposer says of an epoch. */
export interface BondTerms {
  /** One that is over. */
  readonly epoch: bigint
  /** The slot in which the proposer may or might have proposed; by default the first of the epoch or the next one that is its own. */
  readonly slot?: bigint
  /** Who gets the tip. */
  readonly prover: Hex
  /** Who earns by the proof; it may be a shared identity. */
  readonly proverId: Hex
  /** Token units: returns if the epoch is proven, else burns. */
  readonly deposit: bigint
  /** Token units, for the prover. */
  readonly tip: bigint
  /** Token units, for whoever settles. */
  readonly bounty: bigint
}

/** A bond as it is now; amounts are token units, times Unix seconds. */
export interface BondStatus {
  readonly id: Hex
  readonly state: (typeof BOND_STATES)[number]
  /** From when on the rollup takes no proof of its epoch. */
  readonly deadline: bigint
  readonly proven: boolean
  /** Whether the named prover has proven it. */
  readonly byProver: boolean
  /** What the proposer has in the bonds, without what is locked. */
  readonly balance: bigint
  /** What of it is there until the deadline if the proposer signs nothing more. */
  readonly sure: bigint
}

/** What an account has in the bonds. */
export interface BondBalance {
  readonly balance: bigint
  /** What it asked to withdraw, and when it can; zero: nothing. */
  readonly requested: bigint
  readonly readyAt: bigint
}

/** Slots of an epoch that are looked through: Aztec's has 32. */
const MAX_SLOTS = 256n
/** Epochs behind the pending tip in which one is looked for: later than that nothing can be bonded. */
const MAX_BACK = 64 * MAX_EPOCH_CHECKPOINTS

const TYPES = {
  Bond: [
    ...['proposer', 'prover', 'proverId'].map((name) => ({ name, type: 'address' })),
    ...[
      { name: 'slot', type: 'uint256' },
      { name: 'span', type: 'Span' },
    ],
    ...['deposit', 'tip', 'bounty'].map((name) => ({ name, type: 'uint128' })),
  ],
  Span: [
    ...['epoch', 'first', 'last'].map((name) => ({ name, type: 'uint256' })),
    { name: 'archive', type: 'bytes32' },
  ],
}

/**
 * The bonds on a rollup's epochs as one account uses them: see docs/epoch-bonds.md. Nothing is sent that would revert.
 * @throws GevulotError from its methods: AZTEC_BOND_REFUSED, AZTEC_BOND_EARLY, AZTEC_BOND_MALFORMED, `CHAIN_*`
 */
export class BondAccount {
  readonly #signer: Signer
  readonly #bonds: EpochBonds
  readonly #address: Hex
  readonly #chainId: number
  readonly #payments: Turns = { tail: Promise.resolve() }

  private constructor(signer: Signer, bonds: Hex, chainId: number) {
    this.#signer = signer
    this.#address = toAddress(bonds)
    this.#bonds = EpochBonds__factory.connect(bonds, signer)
    this.#chainId = chainId
  }

  /** @param signer With a provider. @param bonds Address of an `EpochBonds`. */
  static async connect(signer: Signer, bonds: Hex): Promise<BondAccount> {
    const { provider } = signer
    if (provider === null) throw chainError('CHAIN_SIGNER_MISSING', 'bonds need a signer with a provider')
    return tried('reading the bonds', async () => {
      const { chainId } = await provider.getNetwork()
      await assertContract(signer, bonds)
      return new BondAccount(signer, bonds, Number(chainId))
    })
  }

  /** Pays in from the account's tokens, with an allowance of exactly that. @returns What it has then. */
  async fund(amount: bigint): Promise<BondBalance> {
    return tried('paying into the bonds', async () => {
      // Any ERC-20 will do: no more of it is called than that.
      const token = GevulotToken__factory.connect(await this.#bonds.asset(), this.#signer)
      const owner = await this.#signer.getAddress()
      // An approval replaces the one before: the next waits until this one is used up.
      await inTurn(this.#payments, async () => {
        if ((await token.balanceOf(owner)) < amount)
          throw aztecError('AZTEC_BOND_REFUSED', `paying into the bonds: the account has fewer tokens than ${amount}`)
        await this.#send(token.approve.populateTransaction(this.#address, amount))
        await this.#send(this.#bonds.deposit.populateTransaction(owner, amount))
      })
      return this.balance()
    })
  }

  /** What an account has; by default this one. */
  async balance(owner?: Hex): Promise<BondBalance> {
    return tried('reading the bonds', async () => {
      const { balance, requested, readyAt } = await this.#bonds.accounts(owner ?? (await this.#signer.getAddress()))
      return { balance, requested, readyAt }
    })
  }

  /** Signs a bond on an epoch that is over, as the account is its proposer. Whoever holds what comes out can open it. */
  async sign(terms: BondTerms): Promise<SignedBond> {
    return tried('signing a bond', async () => {
      const { epoch, prover, proverId, deposit, tip, bounty } = terms
      const rollup = await this.#rollup()
      const proposer = toAddress(await this.#signer.getAddress())
      const least = await this.#bonds.leastDeposit()
      if (deposit < least)
        throw aztecError('AZTEC_BOND_REFUSED', `signing a bond: the deposit is ${deposit}, the least is ${least}`)
      const span = await spanOf(rollup, epoch)
      const slot = terms.slot ?? (await this.#slotOf(rollup, epoch, proposer))
      const bond = { proposer, prover, proverId, slot, span, deposit, tip, bounty }
      const signature = (await this.#signer.signTypedData(this.#domain(), TYPES, bond)) as Hex
      // What was signed must be what the contract computes.
      if ((await this.#bonds.idOf(bond)) !== TypedDataEncoder.hash(this.#domain(), TYPES, bond))
        throw aztecError(
          'AZTEC_BOND_REFUSED',
          `signing a bond: ${this.#address} computes another id: it is no EpochBonds of ours`,
        )
      return { schema: 'gevulot/epoch-bond@1', chainId: this.#chainId, bonds: this.#address, bond, signature }
    })
  }

  /** Opens a signed bond; anyone may. @returns How it stands then. */
  async open(signed: SignedBond): Promise<BondStatus> {
    this.#check(signed)
    return tried('opening a bond', async () => {
      await this.#send(this.#bonds.open.populateTransaction(signed.bond, signed.signature))
      return this.look(signed)
    })
  }

  /** How a bond stands. */
  async look(signed: SignedBond): Promise<BondStatus> {
    this.#check(signed)
    return tried('reading a bond', async () => {
      const { bond } = signed
      const id = toBytes32(await this.#bonds.idOf(bond), 'bond id')
      const view = AztecRollupView__factory.connect(await this.#bonds.rollup(), this.#signer)
      const [stored, standing] = [await this.#bonds.bonds(id), await view.standingOf(bond.span, bond.proverId)]
      const deadline = stored.deadline === 0n ? await view.deadlineOf(bond.span.epoch) : stored.deadline
      const { balance } = await this.balance(bond.proposer)
      const sure = await this.#bonds.balanceUntil(bond.proposer, deadline)
      const { proven, byProver } = standing
      return { id, state: nameAt(BOND_STATES, stored.state), deadline, proven, byProver, balance, sure }
    })
  }

  /** Ends a bond; anyone may, and gets the bounty of a proven epoch. @returns How it ended. */
  async settle(signed: SignedBond): Promise<BondStatus> {
    this.#check(signed)
    return tried('settling a bond', async () => {
      await this.#send(this.#bonds.settle.populateTransaction(signed.bond, await this.#signer.getAddress()))
      return this.look(signed)
    })
  }

  /**
   * Posts an epoch's proof and settles a bond on it in one transaction; a proof that somebody else posted first does not prevent that.
   * @param relay Address of an `EpochRelay` of these bonds.
   * @returns Whether the rollup took this proof, and how the bond stands.
   */
  async relay(
    signed: SignedBond,
    proof: EpochRootProof,
    relay: Hex,
  ): Promise<BondStatus & { readonly posted: boolean }> {
    this.#check(signed)
    return tried('relaying a proof', async () => {
      await assertContract(this.#signer, relay)
      const contract = EpochRelay__factory.connect(relay, this.#signer)
      if (toAddress(await contract.bonds()) !== this.#address)
        throw aztecError('AZTEC_BOND_REFUSED', `relaying a proof: ${relay} belongs to other bonds`)
      const settler = await this.#signer.getAddress()
      const posting = { ...proof, fees: [...proof.fees] }
      const { posted } = await contract.submitAndSettle.staticCall(posting, [signed.bond], settler)
      await this.#send(contract.submitAndSettle.populateTransaction(posting, [signed.bond], settler))
      return { ...(await this.look(signed)), posted }
    })
  }

  /** Asks for a withdrawal, which takes the place of one before it; zero takes it back. @returns When it can be made. */
  async requestWithdrawal(amount: bigint): Promise<BondBalance> {
    return tried('asking for a withdrawal', async () => {
      await this.#send(this.#bonds.requestWithdrawal.populateTransaction(amount))
      return this.balance()
    })
  }

  /** Makes the withdrawal that was asked for, to the account itself. @returns What it got. */
  async withdraw(): Promise<bigint> {
    return tried('making a withdrawal', async () => {
      const to = await this.#signer.getAddress()
      const amount = await this.#bonds.withdraw.staticCall(to)
      await this.#send(this.#bonds.withdraw.populateTransaction(to))
      return amount
    })
  }

  async #send(call: Promise<ContractTransaction>): Promise<void> {
    await untilMined(await sendWithMargin(this.#signer, await call))
  }

  #domain() {
    return { name: 'Gevulot EpochBonds', version: '1', chainId: this.#chainId, verifyingContract: this.#address }
  }

  #check({ chainId, bonds }: SignedBond): void {
    if (chainId === this.#chainId && bonds.toLowerCase() === this.#address.toLowerCase()) return
    throw aztecError(
      'AZTEC_BOND_MALFORMED',
      `the bond is of ${bonds} on chain ${chainId}, not of ${this.#address} on chain ${this.#chainId}`,
    )
  }

  async #rollup(): Promise<IAztecRollup> {
    const view = AztecRollupView__factory.connect(await this.#bonds.rollup(), this.#signer)
    return IAztecRollup__factory.connect(await view.rollup(), this.#signer)
  }

  /** A slot of the epoch or of the next one in which the account may have proposed. */
  async #slotOf(rollup: IAztecRollup, epoch: bigint, proposer: Hex): Promise<bigint> {
    const view = AztecRollupView__factory.connect(await this.#bonds.rollup(), this.#signer)
    let length = 1n
    while (length < MAX_SLOTS && (await rollup.getEpochAtSlot(length)) === 0n) length++
    for (let slot = epoch * length; slot < (epoch + 2n) * length; slot++) {
      const who = await view.proposerOf.staticCall(slot)
      if (BigInt(who) === 0n || who.toLowerCase() === proposer.toLowerCase()) return slot
    }
    throw aztecError(
      'AZTEC_BOND_REFUSED',
      `signing a bond: ${proposer} proposes in no slot of epoch ${epoch} or the next one`,
    )
  }
}

async function assertContract({ provider }: Signer, address: Hex): Promise<void> {
  if ((await provider?.getCode(address)) !== '0x') return
  throw chainError('CHAIN_CONTRACT_MISSING', `there is no contract at ${address} on this chain`)
}

/** All checkpoints of an epoch that is over. */
async function spanOf(rollup: IAztecRollup, epoch: bigint): Promise<SignedBond['bond']['span']> {
  const refuse = (why: string) => aztecError('AZTEC_BOND_REFUSED', `signing a bond: ${why}`)
  const current = await rollup.getCurrentEpoch()
  if (current <= epoch) throw refuse(`epoch ${epoch} is not over; epoch ${current} runs`)
  const pending = await rollup.getPendingCheckpointNumber()
  const least = pending > BigInt(MAX_BACK) ? pending - BigInt(MAX_BACK) : 0n
  let last = pending
  while (last > least && (await rollup.getEpochForCheckpoint(last)) > epoch) last--
  if (last <= least || (await rollup.getEpochForCheckpoint(last)) !== epoch)
    throw refuse(`the rollup holds no checkpoint of epoch ${epoch}: nothing was proposed in it, or it was pruned`)
  let first = last
  while (first > 1n && (await rollup.getEpochForCheckpoint(first - 1n)) === epoch) first--
  return { epoch, first, last, archive: toBytes32(await rollup.archiveAt(last), 'archive') }
}

async function tried<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw bondRefusal(error, doing)
  }
}
