import type { ContractTransaction, Signer, TransactionReceipt, TransactionResponse } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { TRANSACTION_LIMITS } from '../chain/transactionLimits.js'
import { waitForReceipt } from '../chain/waitForReceipt.js'
import { chainError } from '../errors/codes/chain.js'
import type { Client } from './Client.js'
import { unbound, unboundSigner, type CallOptions } from './call.js'
import { checkFees, feesOf, type FeeOptions } from './gasFees.js'
import { transmit } from './transmit.js'

/** What every action that sends a transaction takes. */
export interface SendOptions extends CallOptions, FeeOptions {}

/** How an action sends its transaction. */
interface Sending extends SendOptions {
  /** Gas to give it, in percent of its estimate, where more than usual may be added before it is included. */
  readonly marginPercent?: bigint
}

// The state may move between estimate and inclusion: a fifth more gas covers another slot word or rank.
const GAS_MARGIN_PERCENT = 120n

/**
 * Simulates, sends and waits. Transactions of one client go out one after the other.
 * @param doing What the transaction does, for errors: `submitting a workload`.
 * @param build Makes the transaction; called when its turn has come.
 * @param keep Told when the call ends with its signal while its transaction is on its way: what resolves when that is in the chain, or counts as lost.
 * @throws GevulotError `CONTRACT_*`, `CHAIN_*`, CLIENT_OPTION_MISSING, CLIENT_PARAMETER_INVALID; the reason of `signal`.
 */
export async function send(
  client: Client,
  doing: string,
  build: () => Promise<ContractTransaction>,
  options: Sending = {},
  keep?: (until: Promise<unknown>) => void,
): Promise<TransactionReceipt> {
  const signer = unboundSigner(client, doing)
  checkFees(options, doing)
  options.signal?.throwIfAborted()
  const turn = client.queue.tail.then(() => dispatch(client, signer, doing, build, options))
  client.queue.tail = turn.catch(() => undefined)
  const response = await turn
  const receipt = await included(client, response, options.signal).catch((error: unknown) => {
    if (options.signal?.aborted === true) {
      keep?.(included(unbound(client), response).catch(() => undefined))
    }
    throw error
  })
  if (receipt.status === 1) return receipt
  throw await reasonOf(client, response, receipt, doing)
}

function included(
  { clock, settings, contracts }: Client,
  sent: TransactionResponse,
  signal?: AbortSignal,
): Promise<TransactionReceipt> {
  const { confirmations, pollMs, transactionTimeoutMs: timeoutMs } = settings
  return waitForReceipt(contracts.provider, sent, { clock, confirmations, pollMs, timeoutMs, signal })
}

async function dispatch(
  client: Client,
  signer: Signer,
  doing: string,
  build: () => Promise<ContractTransaction>,
  options: Sending,
): Promise<TransactionResponse> {
  const { signal, marginPercent = GAS_MARGIN_PERCENT } = options
  try {
    signal?.throwIfAborted()
    const transaction = await build()
    const fees = await feesOf(client.contracts.provider, options, doing)
    const gas = await signer.estimateGas(transaction)
    signal?.throwIfAborted()
    const request = { ...transaction, ...fees, gasLimit: withMargin(gas, marginPercent) }
    return await transmit(client, signer, request, doing)
  } catch (error) {
    throw asChainError(error, doing)
  }
}

/** No more than a transaction may have (EIP-7825), unless the call itself takes more: some chains allow it. */
function withMargin(estimate: bigint, percent: bigint): bigint {
  const wanted = (estimate * percent) / 100n
  if (wanted <= TRANSACTION_LIMITS.gas) return wanted
  return estimate > TRANSACTION_LIMITS.gas ? wanted : TRANSACTION_LIMITS.gas
}

/** Repeats a reverted transaction in the state it met, to learn why it reverted. */
async function reasonOf(
  client: Client,
  { to, from, data, value }: TransactionResponse,
  receipt: TransactionReceipt,
  doing: string,
): Promise<Error> {
  try {
    await client.contracts.provider.call({ to, from, data, value, blockTag: receipt.blockNumber })
  } catch (error) {
    return asChainError(error, doing)
  }
  return chainError('CHAIN_TRANSACTION_REVERTED', `${doing}: the transaction reverted`, {
    details: { transaction: receipt.hash, block: receipt.blockNumber },
  })
}
