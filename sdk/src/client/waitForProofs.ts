import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import type { Hex } from '../chain/hex.js'
import type { Rules } from '../chain/rules.js'
import { readRules } from '../chain/rules.js'
import { clientError } from '../errors/codes/client.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import { openDeliveries, type OpenedDelivery } from './delivery/openDeliveries.js'
import { fetchProofOf, type Proof } from './fetchProof.js'
import { fetchPublicInputs } from './fetchPublicInputs.js'
import { readWorkload, type ReadWorkloadOptions, type WorkloadReading } from './readWorkload.js'
import { verifyProof } from './verifyProof.js'
import type { Workload } from './Workload.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link waitForProofs}. */
export interface WaitForProofsParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
  /** How many valid proofs to wait for, each of another seat; at most the redundancy. Default 1. */
  readonly count?: number
  /**
   * Whether proofs sealed to the client's delivery key count before they are revealed. They do by default when the client
   * has an inbox, a delivery key, and a store with the inputs. Not where a committee judges: there its verdict counts.
   */
  readonly early?: boolean
  /** Milliseconds; by default until the workload's own last window is over, and a minute more. */
  readonly timeoutMs?: number
}

const GRACE_SECONDS = 60
// Mirror `Committee.ATTEMPTS` and `Committee.DRAW_EPOCHS`.
const ATTEMPTS = 3
const DRAW_EPOCHS = 3
/** Blocks by which a reorg may move a submission towards the beginning, far more than any chain has seen. */
const REORG_MARGIN = 256

/**
 * Waits for valid proofs, from whichever way they come first: revealed on chain, or sealed to the requester and verified
 * here. Survives an RPC endpoint or a store that is down for a while, and a node that does not know the workload yet; one that stays unknown for
 * `transactionTimeoutMs` is an error.
 * @throws GevulotError CLIENT_WORKLOAD_EXPIRED, CLIENT_WORKLOAD_CANCELLED, CLIENT_WAIT_TIMEOUT, CLIENT_WORKLOAD_UNKNOWN, CLIENT_PROOF_UNAVAILABLE when
 * there is a valid proof that neither chain nor stores show, CLIENT_OPTION_MISSING, CLIENT_PARAMETER_INVALID, `CHAIN_*`; the reason of `signal`.
 */
export function waitForProofs(client: Client, params: WaitForProofsParams): Promise<Proof[]> {
  return call(client, params, async (client) => {
    const { clock, contracts, settings } = client
    const { signal, count = 1 } = params
    const early = params.early ?? canReceive(client)
    const held = new Map<number, Proof>()
    const judged = new Map<string, boolean>()
    const startedAt = clock.elapsed()
    let windows: Windows | undefined
    let { fromBlock } = params
    // A node behind the endpoint may lag behind the one that took the submission; a workload that stays away was reorganised away, or never was.
    let unknown: { readonly since: number; readonly error: GevulotError } | undefined
    for (;;) {
      signal?.throwIfAborted()
      let workload: Workload | undefined
      let problem: GevulotError | undefined
      try {
        const options = { ...(fromBlock !== undefined && { fromBlock }), ...(signal && { signal }) }
        const reading = await readWorkload(contracts, params.workload, options)
        workload = reading.workload
        unknown = undefined
        fromBlock = Math.max(contracts.fromBlock, workload.submittedBlock - REORG_MARGIN)
        if (count > workload.terms.redundancy) throw tooMany(count, workload)
        windows = await windowsOf(client, reading, windows)
        const failure = await collect(client, workload, { early: early && !reading.state.judged, held, judged, signal })
        if (held.size >= count) return [...held.values()]
        if (failure !== undefined) throw failure
        throwIfHopeless(workload)
      } catch (error) {
        if (GevulotError.is(error, 'CLIENT_WORKLOAD_UNKNOWN')) {
          unknown = { since: unknown?.since ?? clock.elapsed(), error }
        } else if (!isPassing(error) && !mayCome(client, workload, error)) throw error
        problem = error
      }
      if (unknown !== undefined && clock.elapsed() - unknown.since >= settings.transactionTimeoutMs) throw unknown.error
      const limit = params.timeoutMs === undefined ? windows?.giveUpAt : startedAt + params.timeoutMs
      if (clock.elapsed() >= (limit ?? startedAt + settings.transactionTimeoutMs))
        throw unknown?.error ?? (isUnavailable(problem) ? problem : timedOut(params.workload, held.size, problem))
      await clock.sleep(settings.pollMs, signal)
    }
  })
}

function canReceive(client: Client): boolean {
  const { inbox, deliveryKey, store, source } = client
  return inbox !== undefined && deliveryKey !== undefined && (store ?? source) !== undefined
}

/** An endpoint or a store that is down now may be there at the next look. */
function isPassing(error: unknown): error is GevulotError {
  return error instanceof GevulotError && error.retryable && /^(CHAIN_RPC|CONTENT)_/.test(error.code)
}

function isUnavailable(error: unknown): error is GevulotError {
  return GevulotError.is(error, 'CLIENT_PROOF_UNAVAILABLE')
}

/** A valid proof that is not to be had now may get into a store, or another one may come while the workload is not over. */
function mayCome({ source, store }: Client, workload: Workload | undefined, error: unknown): error is GevulotError {
  const isOver = workload?.status === 'settleable' || workload?.status === 'proven'
  return isUnavailable(error) && ((source ?? store) !== undefined || !isOver)
}

/** When to stop waiting, on this machine's clock; recomputed when the status changes. */
interface Windows {
  readonly status: Workload['status']
  readonly giveUpAt: number
}

async function windowsOf(
  { contracts, clock }: Client,
  { workload, state }: WorkloadReading,
  known: Windows | undefined,
): Promise<Windows> {
  if (known?.status === workload.status) return known
  const rules = await readRules(contracts, workload.terms.rules)
  const judging = state.judged ? await longestJudging(contracts, rules) : 0
  const remaining = lastSecond(workload, rules, judging) - workload.time + GRACE_SECONDS
  return { status: workload.status, giveUpAt: clock.elapsed() + remaining * 1000 }
}

/** Seconds that three attempts, an appeal, and the time for one take at most, when somebody opens each at once. */
async function longestJudging(contracts: Contracts, { verdictWindow }: Rules): Promise<number> {
  try {
    const drawing = (DRAW_EPOCHS + 1) * Number(await contracts.registry.epochLength())
    return (ATTEMPTS + 1) * (drawing + verdictWindow) + verdictWindow
  } catch (error) {
    throw asChainError(error, 'reading the length of an epoch')
  }
}

/** The last second, on the chain's clock, in which a proof can still be revealed and judged. */
function lastSecond(workload: Workload, { revealDelay, revealWindow }: Rules, judging: number): number {
  const { maxRunTime } = workload.terms
  switch (workload.status) {
    case 'pending':
      return workload.assignUntil + maxRunTime + revealDelay + revealWindow + judging
    case 'proving':
      return workload.deadline + revealDelay + revealWindow + judging
    case 'revealing':
      return workload.revealUntil + judging
    case 'verifying':
      return workload.time + judging
    default:
      return workload.time
  }
}

interface Collection {
  readonly early: boolean
  readonly held: Map<number, Proof>
  readonly judged: Map<string, boolean>
  readonly signal: AbortSignal | undefined
}

/**
 * Adds every valid proof that can be had now.
 * @returns Why the first of them cannot: a prover that withholds its proof must not keep that of the next one out.
 */
async function collect(client: Client, workload: Workload, collection: Collection): Promise<Error | undefined> {
  const { held, signal } = collection
  const options = signal && { signal }
  let failure: Error | undefined
  for (const { seat, status } of workload.slots) {
    if (status !== 'valid' || held.has(seat)) continue
    try {
      held.set(seat, await fetchProofOf(client, workload, { seat, ...options }))
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof GevulotError)) throw error
      failure ??= error
    }
  }
  if (!collection.early) return failure
  for (const delivery of await openDeliveries(client, workload, { ...options })) {
    if (held.has(delivery.seat)) continue
    const publicInputs = await fetchPublicInputs(client, workload.spec, signal)
    if (!(await isValid(client, workload, delivery, publicInputs, collection.judged))) continue
    const { proof, digest, seat, operator } = delivery
    held.set(seat, { proof, digest, publicInputs, seat, operator, from: 'delivery' })
  }
  return failure
}

/** Verifies each delivered proof of an operator once. */
async function isValid(
  client: Client,
  { workload, spec }: Workload,
  { digest, operator, proof }: OpenedDelivery,
  publicInputs: Uint8Array,
  judged: Map<string, boolean>,
): Promise<boolean> {
  // A proof that binds its prover is valid for one operator and not for another.
  const key = `${digest}/${operator}`
  let valid = judged.get(key)
  if (valid === undefined) {
    const params = { program: spec.program, workload, prover: operator, publicInputs, proof }
    valid = (await verifyProof(client, params)).valid
    judged.set(key, valid)
  }
  return valid
}

function throwIfHopeless(workload: Workload): void {
  const { workload: id, slots } = workload
  // Some endpoints know a block's state before its logs: a proof that counts is somewhere, so look again.
  const isShown = slots.some(({ status }) => status === 'valid')
  switch (workload.status) {
    case 'cancelled':
      throw clientError('CLIENT_WORKLOAD_CANCELLED', `workload ${id} was cancelled`, { details: { workload: id } })
    case 'expired':
      throw expired(id, workload.reason)
    case 'settleable':
      if (workload.outcome !== 'Proven') throw expired(id, workload.outcome)
      if (isShown) throw expired(id, 'too few proofs')
      return
    case 'proven':
      if (isShown) throw expired(id, 'too few proofs')
      return
    default:
  }
}

function expired(workload: Hex, reason: string): Error {
  return clientError('CLIENT_WORKLOAD_EXPIRED', `workload ${workload} is over: ${reason}`, {
    details: { workload, reason },
  })
}

/** @param problem What kept the last look from seeing: then nobody knows whether there is one. */
function timedOut(workload: Hex, held: number, problem: GevulotError | undefined): Error {
  const why = problem === undefined ? '' : `; at last ${problem.message}`
  return clientError('CLIENT_WAIT_TIMEOUT', `no proof of workload ${workload} in time${why}`, {
    details: { workload, held },
    ...(problem && { cause: problem }),
  })
}

function tooMany(count: number, { terms }: Workload): Error {
  return clientError(
    'CLIENT_PARAMETER_INVALID',
    `${count} proofs are wanted, the workload pays for ${terms.redundancy}`,
  )
}
