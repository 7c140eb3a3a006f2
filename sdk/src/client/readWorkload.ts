import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import type { WorkloadEvent } from '../chain/events.js'
import { IBeacon__factory } from '../chain/generated/factories/IBeacon__factory.js'
import { toAddress, toWorkloadId, type Hex, type WorkloadId } from '../chain/hex.js'
import { readJudgment, type Judgment } from '../chain/readJudgment.js'
import { readWorkloadEvents } from '../chain/readWorkloadEvents.js'
import { readWorkloadState, type WorkloadState } from '../chain/readWorkloadState.js'
import { readRules } from '../chain/rules.js'
import { specOf } from '../chain/spec.js'
import { unpackTerms } from '../chain/terms.js'
import { clientError } from '../errors/codes/client.js'
import { deriveStatus, type Epochs } from './deriveStatus.js'
import type { Workload, WorkloadSlot } from './Workload.js'
import { judgeSlots, workloadHistory } from './workloadHistory.js'

/** A workload and the events it was read from. */
export interface WorkloadReading {
  readonly workload: Workload
  readonly state: WorkloadState
  readonly events: readonly WorkloadEvent[]
  /** Of a live workload that a committee judges. */
  readonly judgment?: Judgment
}

/** Options of {@link readWorkload}. */
export interface ReadWorkloadOptions {
  /** A block not later than the submission, to look at less of the chain; the deployment's first by default. */
  readonly fromBlock?: number
  readonly signal?: AbortSignal
}

/**
 * Reads a workload as of the newest block: events, stored state, and what follows from the time.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN, CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE
 */
export async function readWorkload(
  contracts: Contracts,
  id: Hex,
  options: ReadWorkloadOptions = {},
): Promise<WorkloadReading> {
  const workload = toWorkloadId(id)
  const { block, time } = await newestBlock(contracts)
  const reading = readWorkloadState(contracts, workload, block)
  const [state, events] = await Promise.all([reading, workloadEvents(contracts, workload, block, reading, options)])
  const { submitted, slots, finished } = workloadHistory(events)
  if (submitted === undefined || state.phase === 'None') {
    throw clientError('CLIENT_WORKLOAD_UNKNOWN', `no workload ${workload} at block ${block}`, {
      details: { workload, block },
    })
  }
  const terms = unpackTerms(submitted.args.terms)
  const rules = await readRules(contracts, terms.rules)
  const judgment = state.judged ? await readJudgment(contracts, workload, block) : undefined
  if (judgment?.stage === 'Final') judgeSlots(slots, judgment.valid)
  const status = deriveStatus({
    ...{ state, terms, rules, time },
    ...(await pendingFacts(contracts, state, rules.beacon)),
    ...(finished && { finished }),
    ...(judgment && { judgment }),
  })
  const facts = {
    workload,
    spec: specOf(submitted.args),
    terms,
    inputsUri: submitted.args.inputsUri,
    submittedBlock: submitted.at.block,
    slots: await withOperators(contracts, slots),
    block,
    time,
  }
  return { workload: { ...facts, ...status }, state, events, ...(judgment && { judgment }) }
}

async function newestBlock(contracts: Contracts): Promise<{ block: number; time: number }> {
  try {
    const head = await contracts.provider.getBlock('latest')
    if (head === null) throw new Error('the endpoint has no newest block')
    return { block: head.number, time: head.timestamp }
  } catch (error) {
    throw asChainError(error, 'reading the newest block')
  }
}

async function workloadEvents(
  contracts: Contracts,
  workload: WorkloadId,
  toBlock: number,
  state: Promise<WorkloadState>,
  { fromBlock, signal }: ReadWorkloadOptions,
): Promise<WorkloadEvent[]> {
  const exists = state.then(({ phase }) => phase !== 'None')
  // Whoever reads the state hears why it cannot be read.
  exists.catch(() => undefined)
  const range = { toBlock, exists, ...(fromBlock !== undefined && { fromBlock }), ...(signal && { signal }) }
  const events = await readWorkloadEvents(contracts, workload, range)
  return events.filter((event): event is WorkloadEvent => event.contract === 'market' && 'workload' in event.args)
}

const NO_EPOCHS: Epochs = { genesis: 0, length: 0 }

/** What only a pending workload's status depends on. */
async function pendingFacts(
  contracts: Contracts,
  state: WorkloadState,
  beacon: string,
): Promise<{ epochs: Epochs; roundOpen: boolean }> {
  if (state.phase !== 'Pending') return { epochs: NO_EPOCHS, roundOpen: false }
  try {
    const [genesis, length, roundOpen] = await Promise.all([
      contracts.registry.genesis(),
      contracts.registry.epochLength(),
      IBeacon__factory.connect(beacon, contracts.runner).isOpen(state.round),
    ])
    return { epochs: { genesis: Number(genesis), length: Number(length) }, roundOpen }
  } catch (error) {
    throw asChainError(error, 'reading epochs and beacon')
  }
}

/** A commit to an open slot does not name its operator; the registry knows it as long as the seat exists. */
async function withOperators(contracts: Contracts, slots: readonly WorkloadSlot[]): Promise<WorkloadSlot[]> {
  return Promise.all(
    slots.map(async (slot) => {
      if (slot.operator !== undefined) return slot
      try {
        const { operator } = await contracts.registry.standing(slot.seat)
        return BigInt(operator) === 0n ? slot : { ...slot, operator: toAddress(operator) }
      } catch (error) {
        throw asChainError(error, `reading seat ${slot.seat}`)
      }
    }),
  )
}
