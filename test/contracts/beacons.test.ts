import { expect } from 'chai'
import { ContractFactory, type InterfaceAbi, ZeroAddress } from 'ethers'
import { network } from 'hardhat'
import { artifacts } from '../../scripts/lib/artifacts.js'
import { DrandBeacon__factory } from '../../sdk/src/chain/generated/factories/DrandBeacon__factory.js'
import { IBeacon__factory } from '../../sdk/src/chain/generated/factories/IBeacon__factory.js'
import { startLocalChain, type LocalChain } from '../support/localChain.js'

/** A published round of quicknet, with its uncompressed point. */
const ROUND = 1000
const POINT: [string, string, string] = [
  '0x144679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125',
  '0xe342b73a8dd2bacbe47e4b6b63ed5e3911f92e4521ef54f047b64b85fa98db2d',
  '0x46f0f44add1f60b93f8a0dbddd63b34f238657c2d93aed18b90bddd60a01b6d2',
]

function codeOf(name: string): { abi: InterfaceAbi; bytecode: string } {
  const found = artifacts().find(({ contractName }) => contractName === name)
  if (found === undefined) throw new Error(`no contract ${name} is built`)
  return { abi: found.abi as InterfaceAbi, bytecode: found.bytecode }
}

describe('contracts: beacons on real chains', function () {
  this.timeout(120_000)

  it('drand: a chain without the precompiles of EIP-2537 takes no round', async () => {
    const { ethers } = await network.create({ network: 'default', override: { hardfork: 'cancun' } })
    const [signer] = await ethers.getSigners()
    const { abi, bytecode } = codeOf('DrandBeacon')
    const deployed = await new ContractFactory(abi, bytecode, signer).deploy(10, 4, ZeroAddress)
    const beacon = DrandBeacon__factory.connect(await deployed.getAddress(), signer)
    await expect(beacon.publish(ROUND, POINT)).to.be.revertedWithCustomError(beacon, 'PrecompileMissing')
    expect(await beacon.value(ROUND)).to.equal(`0x${'00'.repeat(32)}`)
  })

  describe('block hashes', () => {
    let chain: LocalChain
    before(async () => {
      chain = await startLocalChain()
    })
    after(() => chain.stop())

    it('come from the instruction, then from the history contract, then from a later block', async () => {
      const { abi, bytecode } = codeOf('BlockhashBeacon')
      const deployed = await new ContractFactory(abi, bytecode, chain.account(0)).deploy(3)
      await deployed.waitForDeployment()
      const beacon = IBeacon__factory.connect(await deployed.getAddress(), chain.provider)
      const round = Number(await beacon.nextRound())
      const hashes = new Map<number, string>()
      const hashAt = async (block: number): Promise<string> => {
        const known = hashes.get(block) ?? (await chain.provider.getBlock(block))?.hash
        if (!known) throw new Error(`no block ${block}`)
        hashes.set(block, known)
        return known
      }
      /** Mines until a call sees a chain that is `age` blocks past the round. */
      const reach = async (age: number): Promise<void> => {
        for (let missing = round + age - (await chain.provider.getBlockNumber()); missing > 0; missing -= 500) {
          await chain.mine(Math.min(missing, 500))
        }
        expect(await chain.provider.getBlockNumber()).to.equal(round + age)
      }
      await reach(0)
      expect(await beacon.value(round)).to.equal(`0x${'00'.repeat(32)}`)
      for (const age of [1, 256, 257, 8191]) {
        await reach(age)
        expect(await beacon.value(round), `${age} blocks later`).to.equal(await hashAt(round))
      }
      await reach(8192)
      expect(await beacon.value(round), 'drawn again').to.equal(await hashAt(round + 31 * 256))
      await reach(8192 + 1)
      expect(await beacon.value(round), 'and again').to.equal(await hashAt(round + 32 * 256))
    })
  })
})
