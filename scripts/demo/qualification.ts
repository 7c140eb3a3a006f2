import { setTimeout as sleep } from 'node:timers/promises'

import { parseEther, type HDNodeWallet, type Signer } from 'ethers'

import type { Contracts, GevulotEvent } from '../../sdk/src/chain/index.js'
import { IQualification__factory } from '../../sdk/src/chain/generated/factories/IQualification__factory.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'

/** Hashes a number takes on average, and numbers in a solution: well under a second on one core, so that six provers can share it. */
const PUZZLE = { work: 2_000, count: 64 } as const
/** Every operator is asked, in every check; a check a minute. Real networks ask a third of them three times a day. */
const POLICY = { window: 15, period: 60, fractionBps: 10_000, excuses: 2, chargeBps: 100 } as const
const CLASS = 1
/** Of a seat, in every class of the demonstration. */
export const BOND = parseEther('1000')
/** Workers notice the policy, open and start the check, answer in its window; keepers evict after it. */
const PATIENCE_SECONDS = 90

/** What the check came to. */
export interface CheckWatch {
  /** Takes every event of the network. */
  see(event: GevulotEvent): void
  /** Waits until a waiting seat has joined and a seat that did not answer was evicted. @returns Whether both happened. */
  done(signal: AbortSignal): Promise<boolean>
}

/** Asks the seats of the class for a puzzle from now on. */
export async function setPuzzle(contracts: Contracts, owner: Signer): Promise<string> {
  const { address: puzzle } = await deployContract(owner, 'HashcashPuzzle', [PUZZLE.work, PUZZLE.count])
  const qualification = IQualification__factory.connect(contracts.addresses.qualification, owner)
  await (await qualification.setPolicy(CLASS, { ...POLICY, puzzle, beacon: contracts.addresses.beacon })).wait()
  return `${PUZZLE.count} finds of ${PUZZLE.work.toLocaleString('en')} hashes each, in ${POLICY.window} s`
}

/** Bonds seats. @returns The id of the first. */
export async function stakeSeats(
  contracts: Contracts,
  wallet: HDNodeWallet,
  count = 1,
  hardwareClass = CLASS,
): Promise<number> {
  const { token, registry } = contracts
  await (await token.connect(wallet).approve(registry, BOND * BigInt(count))).wait()
  const seat = await registry.connect(wallet).stake.staticCall(hardwareClass, count, 0)
  // An epoch may begin between estimate and block, which costs a few words more.
  await (await registry.connect(wallet).stake(hardwareClass, count, 0, { gasLimit: 2_000_000 })).wait()
  return Number(seat)
}

/** Watches for the newcomer's join and the first eviction. */
export function watchCheck(newcomer: () => number | undefined): CheckWatch {
  let joined = false
  let evicted = false
  return {
    see(event) {
      if (event.name === 'Joined' && event.args.seat === newcomer()) joined = true
      if (event.name === 'Evicted') evicted = true
    },
    async done(signal) {
      for (let second = 0; second < PATIENCE_SECONDS && !(joined && evicted); second += 1) {
        await sleep(1000, undefined, { signal })
      }
      return joined && evicted
    },
  }
}
