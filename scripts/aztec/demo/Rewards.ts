import { Contract, type ContractRunner } from 'ethers'

import type { LocalChain } from '../../demo/LocalChain.js'
import { ACCOUNTS } from './accounts.js'
import { PROOF_EPOCHS } from './timing.js'

const ABI = [
  'function getTimestampForEpoch(uint256 epoch) view returns (uint256)',
  'function owner() view returns (address)',
  'function setRewardsClaimable(bool claimable)',
  'function getSpecificProverRewardsForEpoch(uint256 epoch, address prover) view returns (uint256)',
  'function claimProverRewards(address prover, uint256[] epochs) returns (uint256)',
]

/** What the rollup owes provers, and pays. */
export class Rewards {
  readonly #chain: LocalChain
  readonly #address: string

  constructor(chain: LocalChain, rollup: string) {
    this.#chain = chain
    this.#address = rollup
  }

  /** What the rollup credits a prover for an epoch, units of its token. */
  async of(epoch: bigint, prover: string): Promise<bigint> {
    return (await this.#call(this.#chain.provider, 'getSpecificProverRewardsForEpoch', epoch, prover)) as bigint
  }

  /** Lets rewards be claimed, as the rollup's governance does once: on this chain its account is borrowed. */
  async open(): Promise<void> {
    const { provider } = this.#chain
    const owner = (await this.#call(provider, 'owner')) as string
    await this.#chain.fund(owner)
    await provider.send('anvil_impersonateAccount', [owner])
    await this.#send(await provider.getSigner(owner), 'setRewardsClaimable', true)
    await provider.send('anvil_stopImpersonatingAccount', [owner])
  }

  /** Moves the chain's clock behind the time in which an epoch can be proven: until then its reward may still be shared. */
  async settle(epoch: bigint): Promise<void> {
    const { provider } = this.#chain
    const end = (await this.#call(provider, 'getTimestampForEpoch', epoch + BigInt(PROOF_EPOCHS) + 2n)) as bigint
    const block = await provider.getBlock('latest')
    await provider.send('evm_increaseTime', [Number(end) - (block?.timestamp ?? 0)])
    await provider.send('evm_mine', [])
  }

  /** Claims for a prover, as anybody may: the tokens go to the prover's address. */
  async claim(prover: string, epochs: readonly bigint[]): Promise<void> {
    await this.#send(this.#chain.wallet(ACCOUNTS.passerBy), 'claimProverRewards', prover, epochs)
  }

  async #call(runner: ContractRunner, name: string, ...args: readonly unknown[]): Promise<unknown> {
    return new Contract(this.#address, ABI, runner).getFunction(name)(...args) as Promise<unknown>
  }

  async #send(runner: ContractRunner, name: string, ...args: readonly unknown[]): Promise<void> {
    const sent = (await this.#call(runner, name, ...args)) as { wait(): Promise<unknown> }
    await sent.wait()
  }
}
