import { asChainError, type Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { workerError } from '../../errors/codes/worker.js'

const MAX_CLOCK_SKEW_SECONDS = 24 * 3_600
// Chains on which time is moved by hand.
const LOCAL_CHAINS = new Set([1337, 31_337])

/**
 * A clock that is days away points to a wrong machine or a dead node; less is bridged by the chain's own time.
 * @throws GevulotError WORKER_CLOCK_WRONG, CHAIN_RPC_UNAVAILABLE
 */
export async function assertClock({ provider, chainId }: Contracts, clock: Clock): Promise<void> {
  const block = await provider.getBlock('latest').catch((error: unknown) => {
    throw asChainError(error, 'reading the newest block')
  })
  const skew = Math.abs((block?.timestamp ?? 0) - clock.now() / 1000)
  if (skew <= MAX_CLOCK_SKEW_SECONDS || LOCAL_CHAINS.has(chainId)) return
  throw workerError('WORKER_CLOCK_WRONG', `the newest block and this machine's clock are ${Math.round(skew)} s apart`)
}
