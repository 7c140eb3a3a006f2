import { ZeroHash } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import { DrandBeacon__factory } from '../chain/generated/factories/DrandBeacon__factory.js'
import type { Hex } from '../chain/hex.js'
import { untilMined } from '../chain/untilMined.js'
import type { VerifiedRound } from './verifyRound.js'

/** The transaction that makes a round known on chain. */
export function publishRoundCall(beacon: Hex, { round, point }: VerifiedRound): { to: Hex; data: string } {
  const data = DrandBeacon__factory.createInterface().encodeFunctionData('publish', [round, [...point]])
  return { to: beacon, data }
}

/**
 * Makes a round known on chain, for every workload that waits for it; anyone can. Does nothing if it is known.
 * @param contracts Connected with a signer.
 * @example
 * await publishRound(contracts, beacon, await fetchRound(round))
 * @returns Hash of the mined transaction; undefined when the round was known.
 * @throws GevulotError `CONTRACT_*`, `CHAIN_*`
 */
export async function publishRound(
  { runner }: Pick<Contracts, 'runner'>,
  beacon: Hex,
  round: VerifiedRound,
): Promise<string | undefined> {
  const contract = DrandBeacon__factory.connect(beacon, runner)
  try {
    if ((await contract.value(round.round)) !== ZeroHash) return undefined
    return (await untilMined(await contract.publish(round.round, [...round.point]))).hash
  } catch (error) {
    throw asChainError(error, `publishing round ${round.round}`)
  }
}
