import type { TransactionReceipt } from 'ethers'
import { contractError } from '../chain/contractErrorOf.js'
import { decodeEvent } from '../chain/decodeEvent.js'
import type { MarketEvent } from '../chain/events.js'
import { toBytes32, ZERO_BYTES32, type Bytes32, type Hex, type ProgramId, type WorkloadId } from '../chain/hex.js'
import { readEvents } from '../chain/readEvents.js'
import { minimumFeeOf, readClassTerms } from '../chain/rules.js'
import { specOf, workloadIdOf, type Spec } from '../chain/spec.js'
import { unpackTerms } from '../chain/terms.js'
import type { InputsSpec } from '../content/buildInputs.js'
import { parseDigest, type Digest } from '../content/digest.js'
import { chainError } from '../errors/codes/chain.js'
import { clientError } from '../errors/codes/client.js'
import { GevulotError } from '../errors/GevulotError.js'
import { checkTerms } from './checkTerms.js'
import { checkUri } from './checkUri.js'
import { needed, type Client } from './Client.js'
import { getBalance } from './getBalance.js'
import { getPinnedProgram } from './getProgram.js'
import { publishInputs, type PublishedInputs } from './publishInputs.js'
import { send, type SendOptions } from './send.js'
import { call } from './call.js'

/** Parameters of {@link submit}. */
export interface SubmitParams extends SendOptions {
  readonly program: Hex
  /** Files to publish in the client's store, or what was published before. */
  readonly inputs: InputsSpec | PublishedInputs
  /** Whole fee in token units; see `quote`. */
  readonly fee: bigint
  /** Seconds from the draw until commits close, 1 to 86 400. */
  readonly maxRunTime: number
  /** Ranked proofs paid for, 1 to 8; default 1. */
  readonly redundancy?: number
  /** Per cent of the run time after which every uncommitted slot is open to all, 50 to 100; default 60. */
  readonly rescue?: number
  /** Key that proofs are sealed to before they are revealed; the client's by default, none without one. */
  readonly deliveryKey?: Hex
  /** Where the inputs can be fetched; a hint, the digest alone is trusted. By default where the store says that others read, if it does. */
  readonly inputsUri?: string
  /**
   * The account's nonce (see {@link getBalance}). Read it once, keep it, and pass it again to retry after a lost response:
   * the workload is then found, not submitted twice. By default the next one.
   */
  readonly nonce?: number
}

/** Result of {@link submit}. */
export interface SubmittedWorkload {
  readonly workload: WorkloadId
  readonly spec: Spec
  /** Block of the submission. */
  readonly block: number
  readonly transaction: Bytes32
  /** False when this very request had been submitted before: then nothing was sent. */
  readonly created: boolean
}

/** A request as the market takes it. */
interface Request {
  readonly program: ProgramId
  readonly inputs: Digest
  readonly publicInputs: Bytes32
  readonly deliveryKey: Bytes32
  readonly fee: bigint
  readonly maxRunTime: number
  readonly redundancy: number
  readonly rescue: number
  readonly nonce: number
  readonly inputsUri: string
}

const DOING = 'submitting a workload'

/**
 * Submits a workload: publishes the inputs, checks program, fee and balance, locks the fee. Retrying with the same nonce is
 * harmless.
 *
 * @example
 * const { workload } = await client.submit({ program, inputs: { files: { public_inputs: words } }, fee, maxRunTime: 600 })
 * const { proof } = await client.waitForProof({ workload })
 *
 * @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CONTRACT_CLASS_CLOSED, CONTRACT_FEE_TOO_LOW, CONTRACT_INVALID_TERMS,
 * CONTRACT_INSUFFICIENT_BALANCE, CONTRACT_WRONG_NONCE, CLIENT_NONCE_USED, CLIENT_URI_INVALID, CLIENT_OPTION_MISSING, `CHAIN_*`,
 * `CONTENT_*`
 */
export function submit(client: Client, params: SubmitParams): Promise<SubmittedWorkload> {
  return call(client, params, async (client) => {
    return inTurn(client, (keep) => submitNow(client, params, keep))
  })
}

/**
 * One submission of a client after the other: each takes the account's next nonce, which the one before must have used.
 * @param act Tells `keep` of a transaction that is on its way when it ends: its nonce counts as used only when it is in the chain.
 */
export async function inTurn<T>(
  client: Client,
  act: (keep: (until: Promise<unknown>) => void) => Promise<T>,
): Promise<T> {
  let kept: Promise<unknown> | undefined
  const turn = client.submissions.tail.then(() => act((until) => void (kept = until)))
  client.submissions.tail = turn.catch(() => undefined).then(() => kept)
  return turn
}

/** {@link submit} within a turn that the caller has taken. */
export async function submitNow(
  client: Client,
  params: SubmitParams,
  keep: (until: Promise<unknown>) => void,
): Promise<SubmittedWorkload> {
  const request = await requestOf(client, params)
  const { nonce: next, market: have } = await getBalance(client)
  if (request.nonce < next) return findSubmitted(client, request)
  if (request.nonce > next) throw contractError('WrongNonce', DOING, { have: request.nonce, want: next })
  if (have < request.fee) throw contractError('InsufficientBalance', DOING, { have, want: request.fee })
  await checkClass(client, request)
  let receipt: TransactionReceipt
  try {
    receipt = await send(client, DOING, () => client.contracts.market.submit.populateTransaction(request), params, keep)
  } catch (error) {
    // An earlier attempt, whose response was lost, was mined in between.
    if (GevulotError.is(error, 'CONTRACT_WRONG_NONCE')) return findSubmitted(client, request)
    throw error
  }
  const event = receipt.logs
    .filter((log) => log.address === client.contracts.addresses.market)
    .map((log) => decodeEvent(client.contracts, log))
    .find((found) => found?.name === 'Submitted')
  if (event?.name !== 'Submitted') throw clientError('CLIENT_WORKLOAD_UNKNOWN', `${receipt.hash} announces no workload`)
  return resultOf(client, event, true)
}

async function requestOf(client: Client, params: SubmitParams): Promise<Request> {
  const { fee, maxRunTime, redundancy = 1, rescue = 60 } = params
  checkTerms(DOING, { fee, maxRunTime, redundancy, rescue })
  const { program } = await getPinnedProgram(client, params)
  const deliveryKey = params.deliveryKey ?? client.deliveryKey?.publicKey ?? ZERO_BYTES32
  const { uri, ...inputs } = await inputsOf(client, params)
  return {
    program,
    ...inputs,
    deliveryKey: toBytes32(deliveryKey, 'delivery key'),
    fee,
    maxRunTime,
    redundancy,
    rescue,
    nonce: params.nonce ?? (await getBalance(client)).nonce,
    inputsUri: checkUri(uri),
  }
}

async function inputsOf(
  client: Client,
  params: SubmitParams,
): Promise<Pick<Request, 'inputs' | 'publicInputs'> & { readonly uri: string }> {
  const { inputs: given, inputsUri, signal } = params
  const inputs = 'digest' in given ? given : await publishInputs(client, given, { ...(signal && { signal }) })
  const digest = parseDigest(inputs.digest)
  const publicInputs = toBytes32(inputs.publicInputs, 'hash of public inputs')
  return { inputs: digest, publicInputs, uri: inputsUri ?? inputs.uri ?? '' }
}

async function checkClass(client: Client, request: Request): Promise<void> {
  const { class: hardwareClass } = await getPinnedProgram(client, request)
  const terms = await readClassTerms(client.contracts, hardwareClass)
  if (terms.rules === 0) throw contractError('ClassClosed', DOING, { class: hardwareClass })
  const minimum = minimumFeeOf(terms, request.maxRunTime, request.redundancy)
  if (request.fee < minimum) throw contractError('FeeTooLow', DOING, { fee: request.fee, minimum })
}

/** The workload that a nonce submitted before, if it is what is asked for now. */
async function findSubmitted(client: Client, request: Request): Promise<SubmittedWorkload> {
  const requester = needed(client, 'account', DOING)
  for await (const event of readEvents(client.contracts, { names: ['Submitted'], requester })) {
    if (event.name !== 'Submitted' || unpackTerms(event.args.terms).nonce !== request.nonce) continue
    const difference = differenceOf(event, request)
    if (difference === undefined) return resultOf(client, event, false)
    throw clientError('CLIENT_NONCE_USED', `nonce ${request.nonce} submitted another workload: ${difference} differs`, {
      details: { nonce: request.nonce, workload: event.args.workload, difference },
    })
  }
  throw clientError('CLIENT_WORKLOAD_UNKNOWN', `nonce ${request.nonce} is used, but its workload is not in the events`)
}

function differenceOf({ args }: MarketEvent<'Submitted'>, request: Request): string | undefined {
  const have = { ...args, ...unpackTerms(args.terms) }
  const names = [
    'program',
    'inputs',
    'publicInputs',
    'deliveryKey',
    'fee',
    'maxRunTime',
    'redundancy',
    'rescue',
  ] as const
  return names.find((name) => have[name] !== request[name])
}

function resultOf(client: Client, { args, at }: MarketEvent<'Submitted'>, created: boolean): SubmittedWorkload {
  const { chainId, addresses } = client.contracts
  const spec = specOf(args)
  if (workloadIdOf(chainId, addresses.market, spec) !== args.workload) {
    throw chainError('CHAIN_EVENT_MALFORMED', `the spec of ${args.workload} does not hash to it`)
  }
  return { workload: args.workload, spec, block: at.block, transaction: at.transaction, created }
}
