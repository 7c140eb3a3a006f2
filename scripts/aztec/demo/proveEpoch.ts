import { setTimeout as sleep } from 'node:timers/promises'

import { Contract } from 'ethers'

import { parseJobId } from '../../../sdk/src/aztec/index.js'
import { ROLLUP } from '../../../sdk/src/aztec/posting/rollupInterface.js'
import type { LocalChain } from '../../demo/LocalChain.js'
import { paint } from '../../demo/paint.js'
import type { Adapter } from './Adapter.js'
import type { AztecNetwork } from './AztecNetwork.js'
import { Epoch } from './Epoch.js'
import { PROVEN, type Market, type PaidBundle } from './Market.js'
import type { Rewards } from './Rewards.js'
import { amount, DEVELOPMENT, note, SIMULATED, tell } from './say.js'
import type { Bonding, ProverIdentity } from './Sidecar.js'

/** Everybody who takes part. */
export interface Stage {
  readonly chain: LocalChain
  readonly market: Market
  readonly aztec: AztecNetwork
  readonly adapter: Adapter
  readonly bonding: Bonding
  readonly rewards: Rewards
  readonly identity: ProverIdentity
}

/** What became of an epoch. */
export interface ProvenEpoch {
  readonly epoch: Epoch
  readonly jobs: number
  readonly bundles: readonly PaidBundle[]
  /** From the end of the epoch to the proof on L1. */
  readonly seconds: number
  readonly killed: boolean
  /** The transaction that Aztec's prover node proved it with. */
  readonly transaction: string
}

/** Seconds that the adapter is gone. */
const GONE_MS = 5_000

/**
 * Has an epoch proven: a checkpoint by Aztec's sequencer, its jobs by our provers, its proof on L1 by Aztec's prover node, its bond back.
 * @throws Error if anything of it is not as it should be.
 */
export async function proveEpoch(
  stage: Stage,
  { kill }: { readonly kill: boolean },
  signal: AbortSignal,
): Promise<ProvenEpoch> {
  const { aztec, adapter, bonding, market, rewards, identity } = stage
  const from = adapter.lines().length
  const epoch = await Epoch.next(aztec, bonding.rollup, signal)
  const ended = Date.now()
  tell(`Aztec's sequencer proposed checkpoint ${epoch.checkpoint}; its epoch ${epoch.number} is over`)
  const bond = await bonding.open(epoch.number)
  tell(`its proposer bonded ${amount(bond.bond.deposit)} GVLT that it will be proven`)

  const telling = new AbortController()
  const told = tellProgress(stage, epoch, from, AbortSignal.any([signal, telling.signal]))
  // It is awaited below; until then a failure of its must not end this process, which has daemons to stop.
  told.catch(() => undefined)
  try {
    if (kill) await killInTheMiddle(stage, from, signal)
    await epoch.proven(aztec, signal)
  } finally {
    telling.abort()
    await told
  }
  const seconds = (Date.now() - ended) / 1000
  const { transaction } = await provenBy(stage, epoch)
  tell(paint.good(`rollup: L2ProofVerified(checkpoint ${epoch.checkpoint}, prover ${identity.address})`))
  const reward = await rewards.of(epoch.number, identity.address)
  if (reward === 0n) throw new Error(`the rollup credits nothing to ${identity.address}`)
  tell(paint.good(`rollup: ${amount(reward)} of its token to the prover's identity`))
  const end = await bonding.settle(bond)
  if (end.state !== 'Kept') throw new Error(`the bond is ${end.state}`)
  tell(
    `the bond is ${end.state}: ${amount(end.returned)} back, tip ${amount(end.tip)} to the prover, bounty ${amount(end.bounty)} to whoever settled`,
  )

  const bundles = (await market.paidFor()).filter(
    ({ jobs: [id] }) => id !== undefined && BigInt(parseJobId(id).epoch) === epoch.number,
  )
  const jobs = new Set(bundles.flatMap(({ jobs }) => jobs)).size
  const isReal = ([id = '']: readonly string[]): boolean => PROVEN.some((type) => type === parseJobId(id).type)
  if (!bundles.some(({ jobs }) => isReal(jobs))) throw new Error('no job of the epoch was proven for real')
  note(`${jobs} jobs in ${bundles.length} workloads`)
  return { epoch, jobs, bundles, seconds, killed: kill, transaction }
}

/** Kills the adapter once it has results and has paid for more work, and starts it again. */
async function killInTheMiddle({ adapter }: Stage, from: number, signal: AbortSignal): Promise<void> {
  await adapter.line(({ message }) => message === 'results are there', from, signal)
  const at = adapter.lines().length
  await adapter.line(({ message }) => message === 'submitted', at, signal)
  await adapter.kill()
  tell(paint.warn('the adapter was killed (SIGKILL), with a workload paid for and not delivered'))
  await sleep(GONE_MS, undefined, { signal })
  adapter.start()
  tell('and started again')
}

/** Tells what the adapter says of its workloads. */
async function tellProgress({ adapter }: Stage, epoch: Epoch, from: number, signal: AbortSignal): Promise<void> {
  let seen = from
  while (!signal.aborted) {
    for (const line of adapter.lines().slice(seen)) {
      seen++
      if (line.message === 'submitted')
        tell(`workload ${short(line['workload'])}: ${String(line['jobs'])} jobs of epoch ${epoch.number}`)
      if (line.stage !== 'start' && line.level !== 'info') tell(paint.warn(`${line.message}: ${line.why ?? ''}`))
      if (line.message === 'results are there') {
        const proven = line['development'] === true ? `proven by Aztec's own bb, ${DEVELOPMENT}` : 'proven'
        const what = line['simulated'] === true ? SIMULATED : proven
        tell(`workload ${short(line['workload'])}: delivered and checked, ${what}`)
      }
    }
    await sleep(500, undefined, { signal }).catch(() => undefined)
  }
}

function short(workload: unknown): string {
  return String(workload).slice(0, 10)
}

/** The rollup's own event of the proof. */
async function provenBy({ chain, bonding, identity }: Stage, epoch: Epoch): Promise<{ readonly transaction: string }> {
  const rollup = new Contract(bonding.rollup, ROLLUP, chain.provider)
  const filter = rollup.filters['L2ProofVerified']?.(epoch.checkpoint, identity.address)
  if (filter === undefined) throw new TypeError('unreachable: the interface has the event')
  const [event] = await rollup.queryFilter(filter, 0)
  if (event === undefined)
    throw new Error(`the rollup says nothing of checkpoint ${epoch.checkpoint} and ${identity.address}`)
  return { transaction: event.transactionHash }
}
