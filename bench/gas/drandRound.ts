import { network } from 'hardhat'

import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { verifyRound } from '../../sdk/src/beacon/index.js'
import { DrandBeacon__factory } from '../../sdk/src/chain/generated/factories/DrandBeacon__factory.js'
import { ROUNDS } from '../../test/support/drand/rounds.js'

/** Gas of the transaction that makes a real round of drand known. */
export async function drandRound(): Promise<number> {
  const { ethers } = await network.create()
  const [signer] = await ethers.getSigners()
  const [recorded] = ROUNDS
  if (signer === undefined || recorded === undefined) throw new Error('no signer or no round')
  const [round, { signature }] = recorded
  const { address } = await deployContract(signer, 'DrandBeacon', [15, 5])
  const beacon = DrandBeacon__factory.connect(address, signer)
  const receipt = await (await beacon.publish(round, [...verifyRound(round, signature).point])).wait()
  if (receipt === null) throw new Error('the round was not mined')
  return Number(receipt.gasUsed)
}
