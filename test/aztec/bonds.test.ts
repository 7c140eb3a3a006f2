import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { Contract, hexlify, Interface, MaxUint256, ZeroHash, type ContractTransactionResponse, Wallet } from 'ethers'

import { creationCode } from '../../programs/support/solc.js'
import {
  BondAccount,
  deployBonds,
  readSignedBond,
  writeSignedBond,
  type EpochRootProof,
  type SignedBond,
} from '../../sdk/src/aztec/index.js'
import { EpochBonds__factory } from '../../sdk/src/chain/generated/factories/EpochBonds__factory.js'
import { GevulotToken__factory } from '../../sdk/src/chain/generated/factories/GevulotToken__factory.js'
import type { Hex } from '../../sdk/src/chain/index.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { startLocalChain, type LocalChain } from '../support/localChain.js'
import { TOKEN } from '../support/network.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const PROVER_ID: Hex = `0x${'0f'.repeat(20)}`
const RIVAL_ID: Hex = `0x${'0e'.repeat(20)}`
/** The double's: 12 seconds a slot, four slots an epoch, one more epoch to prove it. */
const EPOCH_SECONDS = 48
const DELAY = 60
const ROLLUP = new Interface([
  'function propose(bytes32 archive)',
  'function setProposer(uint256 slot, address proposer)',
  'function getCurrentEpoch() view returns (uint256)',
])

// Epoch bonds as the command line uses them, on real contracts and a double of the rollup.
describe('aztec: bonds on epochs', function () {
  this.timeout(300_000)
  const directory = useTemporaryDirectory()
  let chain: LocalChain
  let proposer: Wallet
  let prover: Wallet
  let stranger: Wallet
  let rollup: Contract
  let token: Hex
  let deployed: { readonly view: Hex; readonly bonds: Hex; readonly relay: Hex }
  let checkpoint = 0

  before(async () => {
    chain = await startLocalChain()
    const owner = chain.account(0)
    ;[proposer, prover, stranger] = [chain.account(1), chain.account(2), chain.account(3)]
    token = (await deployContract(owner, 'GevulotToken', [owner.address, 1_000_000n * TOKEN])).address
    await (await GevulotToken__factory.connect(token, owner).transfer(proposer.address, 10_000n * TOKEN)).wait()
    const data = hexlify(creationCode('test/support/solidity/FakeRollup.sol', 'FakeRollup'))
    const receipt = await (await owner.sendTransaction({ data })).wait()
    rollup = new Contract(receipt!.contractAddress!, ROLLUP, owner)
    const parameters = {
      rollup: receipt!.contractAddress as Hex,
      token,
      withdrawalDelay: DELAY,
      leastDeposit: 10n * TOKEN,
    }
    deployed = await deployBonds(owner, parameters)
    await (await accountOf(proposer)).fund(1_000n * TOKEN)
  })
  after(() => chain.stop())

  const accountOf = (wallet: Wallet): Promise<BondAccount> => BondAccount.connect(wallet, deployed.bonds)
  const terms = { prover: '' as Hex, proverId: PROVER_ID, deposit: 50n * TOKEN, tip: 3n * TOKEN, bounty: TOKEN }
  const balanceOf = async (wallet: Wallet): Promise<bigint> => (await (await accountOf(wallet)).balance()).balance

  async function tell(name: string, ...args: readonly unknown[]): Promise<void> {
    await ((await rollup.getFunction(name)(...args)) as ContractTransactionResponse).wait()
  }

  /** An epoch with a checkpoint. @returns Its number; it still runs. */
  async function anEpoch(): Promise<bigint> {
    const now = (await rollup.getFunction('getCurrentEpoch')()) as bigint
    // A new one, with all of its time left.
    while (((await rollup.getFunction('getCurrentEpoch')()) as bigint) === now) await chain.pass(4)
    await tell('propose', archiveOf(++checkpoint))
    return now + 1n
  }

  async function signed(): Promise<SignedBond> {
    const epoch = await anEpoch()
    await chain.pass(EPOCH_SECONDS)
    return (await accountOf(proposer)).sign({ ...terms, prover: prover.address as Hex, epoch })
  }

  function proofOf(bond: SignedBond, proverId: Hex = PROVER_ID): EpochRootProof {
    const { first, last, archive } = bond.bond.span
    const zero = ZeroHash as Hex
    return {
      ...{ start: first, end: last, args: { previousArchive: zero, endArchive: archive, outHash: zero, proverId } },
      fees: Array.from({ length: 64 }, () => zero),
      attestations: { signatureIndices: '0x', signaturesOrAddresses: '0x' },
      ...{ blobInputs: '0x', proof: '0x' },
    }
  }

  it('signed by its proposer, opened by the prover, relayed by a stranger: deposit, tip and bounty go where they belong', async () => {
    const bond = await signed()
    const path = join(directory(), 'bond.json')
    await writeSignedBond(path, bond)
    const read = await readSignedBond(path)
    expect(read).to.deep.equal(bond)
    await rejected(writeSignedBond(path, bond), 'AZTEC_BOND_MALFORMED')
    const before = { proposer: await balanceOf(proposer), prover: await balanceOf(prover) }
    expect(await (await accountOf(prover)).open(read)).to.include({ state: 'Open', proven: false, byProver: false })
    await rejected((await accountOf(prover)).open(read), 'AZTEC_BOND_REFUSED')
    // The deposit may still be lost, and the tip earned.
    await rejected((await accountOf(stranger)).settle(read), 'AZTEC_BOND_EARLY')
    const ended = await (await accountOf(stranger)).relay(read, proofOf(bond), deployed.relay)
    expect(ended).to.include({ state: 'Kept', proven: true, byProver: true, posted: true })
    expect(await balanceOf(proposer)).to.equal(before.proposer - 4n * TOKEN)
    expect(await balanceOf(prover)).to.equal(before.prover + 3n * TOKEN)
    expect(await balanceOf(stranger)).to.equal(TOKEN)
    // The same once more: the rollup has it, and the bond has ended.
    await rejected((await accountOf(stranger)).relay(read, proofOf(bond), deployed.relay), 'CHAIN_REVERTED')
  })

  it('proven by others, the tip comes back behind the deadline; unproven, the deposit burns', async () => {
    const covered = await signed()
    await (await accountOf(proposer)).open(covered)
    const nowhere = (await accountOf(stranger)).relay(covered, proofOf(covered, RIVAL_ID), `0x${'77'.repeat(20)}`)
    await rejected(nowhere, 'CHAIN_CONTRACT_MISSING')
    // Its own bond is not settled yet: the named prover has its time still.
    await (await accountOf(stranger)).relay(covered, proofOf(covered, RIVAL_ID), deployed.relay)
    expect(await (await accountOf(stranger)).look(covered)).to.include({ state: 'Open', proven: true, byProver: false })
    await chain.pass(EPOCH_SECONDS)
    expect(await (await accountOf(stranger)).settle(covered)).to.include({ state: 'Covered' })

    const broken = await signed()
    const before = await balanceOf(proposer)
    await (await accountOf(proposer)).open(broken)
    await chain.pass(2 * EPOCH_SECONDS)
    expect(await (await accountOf(stranger)).settle(broken)).to.include({ state: 'Broken', proven: false })
    expect(await balanceOf(proposer)).to.equal(before - 50n * TOKEN)
    expect(await EpochBonds__factory.connect(deployed.bonds, stranger).burning()).to.equal(50n * TOKEN)
  })

  it('says what cannot be signed or opened, before anything is sent', async () => {
    const account = await accountOf(proposer)
    const epoch = await anEpoch()
    const running = await rejected(
      account.sign({ ...terms, prover: prover.address as Hex, epoch }),
      'AZTEC_BOND_REFUSED',
    )
    expect(running.message).to.include('is not over')
    await chain.pass(EPOCH_SECONDS)
    const own = { ...terms, prover: prover.address as Hex, epoch }
    expect((await rejected(account.sign({ ...own, deposit: TOKEN }), 'AZTEC_BOND_REFUSED')).message).to.include(
      'the least is',
    )
    const nothing = await rejected(account.sign({ ...own, epoch: epoch - 2n }), 'AZTEC_BOND_REFUSED')
    expect(nothing.message).to.include('no checkpoint')
    const bond = await account.sign(own)
    const forged = { ...bond, bond: { ...bond.bond, tip: bond.bond.tip + 1n } }
    expect((await rejected((await accountOf(prover)).open(forged), 'AZTEC_BOND_REFUSED')).message).to.include(
      'NotSigned',
    )
    const elsewhere = { ...bond, chainId: 1 }
    await rejected((await accountOf(prover)).open(elsewhere), 'AZTEC_BOND_MALFORMED')
    await rejected((await accountOf(prover)).open({ ...bond, bonds: deployed.relay }), 'AZTEC_BOND_MALFORMED')
    await rejected(BondAccount.connect(prover, `0x${'99'.repeat(20)}`), 'CHAIN_CONTRACT_MISSING')
    // Every slot of both epochs is somebody else's.
    for (let slot = epoch * 4n; slot < (epoch + 2n) * 4n; slot++) await tell('setProposer', slot, stranger.address)
    expect((await rejected(account.sign(own), 'AZTEC_BOND_REFUSED')).message).to.include('proposes in no slot')
    await tell('setProposer', epoch * 4n + 2n, proposer.address)
    expect((await account.sign(own)).bond.slot).to.equal(epoch * 4n + 2n)
  })

  it('a file that is no bond is refused, and names what is wrong with it', async () => {
    const bond = await signed()
    const good = join(directory(), 'good.json')
    await writeSignedBond(good, bond)
    const text = await readFile(good, 'utf8')
    const path = join(directory(), 'bad.json')
    for (const [wrong, what] of [
      ['{', 'JSON'],
      [text.replace('"tip": "', '"tip": "-'), 'bond.tip'],
      [text.replace('"schema"', '"extra": 1, "schema"'), 'extra'],
      [text.replace(/"archive": "0x../, '"archive": "0x'), 'bond.span.archive'],
      [' '.repeat(100_000), 'JSON'],
    ] as const) {
      await writeFile(path, wrong)
      expect((await rejected(readSignedBond(path), 'AZTEC_BOND_MALFORMED')).message).to.include(what)
    }
  })

  it('what is sent has room over its estimate: the block that includes it finds another state', async () => {
    const plain = new Wallet(proposer.privateKey, chain.provider)
    await (await accountOf(plain)).requestWithdrawal(TOKEN)
    const [sent] = (await chain.provider.getBlock('latest', true))!.prefetchedTransactions
    const needed = await chain.provider.estimateGas({ from: plain.address, to: deployed.bonds, data: sent!.data })
    expect(sent!.from).to.equal(plain.address)
    expect(Number(sent!.gasLimit) / Number(needed)).to.be.greaterThan(1.25)
    await (await accountOf(plain)).requestWithdrawal(0n)
  })

  it('two payments at once both arrive', async () => {
    const account = await accountOf(proposer)
    const { balance } = await account.balance()
    await Promise.all([account.fund(2n * TOKEN), account.fund(3n * TOKEN)])
    expect((await account.balance()).balance).to.equal(balance + 5n * TOKEN)
  })

  it('a withdrawal takes two steps, and what is bonded meanwhile is not in it', async () => {
    const account = await accountOf(proposer)
    const { balance } = await account.balance()
    await rejected(account.withdraw(), 'AZTEC_BOND_EARLY')
    await rejected(account.requestWithdrawal(balance + 1n), 'AZTEC_BOND_REFUSED')
    await rejected(account.fund(MaxUint256 / 2n ** 130n), 'AZTEC_BOND_REFUSED')
    const bond = await signed()
    const { readyAt, requested } = await account.requestWithdrawal(balance)
    expect(requested).to.equal(balance)
    expect(readyAt > BigInt(await chain.now())).to.equal(true)
    await rejected(account.withdraw(), 'AZTEC_BOND_EARLY')
    // The prover holds a signed bond, and the delay is for that.
    expect((await (await accountOf(prover)).open(bond)).state).to.equal('Open')
    await chain.pass(DELAY + 1)
    expect(await account.withdraw()).to.equal(balance - 54n * TOKEN)
    expect((await account.balance()).balance).to.equal(0n)
  })
})

function archiveOf(number: number): Hex {
  return `0x${number.toString(16).padStart(64, 'a')}`
}
