import { ZeroAddress } from 'ethers'
import { network } from 'hardhat'

import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { verifyRound } from '../../sdk/src/beacon/index.js'
import { DrandBeacon__factory } from '../../sdk/src/chain/generated/factories/DrandBeacon__factory.js'
import { ROUNDS } from '../../test/support/drand/rounds.js'

/** Two rounds that consecutive blocks of twelve seconds need, and whose values share a word. */
const PAIR = [1000, 1004] as const

/** Gas of the two transactions that make a pair of real rounds of drand known, the one that writes a new word first. */
export async function drandPair(): Promise<readonly [first: number, second: number]> {
  const { ethers } = await network.create()
  const [signer] = await ethers.getSigners()
  if (signer === undefined) throw new Error('no signer')
  const { address } = await deployContract(signer, 'DrandBeacon', [15, 5, ZeroAddress])
  const beacon = DrandBeacon__factory.connect(address, signer)
  const publish = async (round: number): Promise<number> => {
    const recorded = ROUNDS.get(round)
    if (recorded === undefined) throw new Error(`round ${round} is not recorded`)
    const receipt = await (await beacon.publish(round, [...verifyRound(round, recorded.signature).point])).wait()
    if (receipt === null) throw new Error('the round was not mined')
    return Number(receipt.gasUsed)
  }
  return [await publish(PAIR[0]), await publish(PAIR[1])]
}
