import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the connection to a chain, and of transactions that no contract refused. */
export const CHAIN_ERRORS = {
  CHAIN_HEX_INVALID: {
    hint: 'Addresses have 40, ids and digests 64 hexadecimal digits after 0x; an address in mixed case must carry its checksum.',
    retryable: false,
  },
  CHAIN_DEPLOYMENT_INVALID: {
    hint: 'A deployment record is deployments/<chain id>.json as the deploy script wrote it.',
    retryable: false,
  },
  CHAIN_WRONG: {
    hint: 'Use an RPC endpoint of the chain in the deployment record, or the record of this chain.',
    retryable: false,
  },
  CHAIN_CONTRACT_MISSING: {
    hint: 'The deployment record does not fit this chain, or this is a local chain that was started anew: take its own record.',
    retryable: false,
  },
  CHAIN_NOT_SYNCED: {
    hint: 'Wait until the node has read the chain up to its newest block; it is asked again at the next start. A local chain that was started anew has a deployment record of its own.',
    retryable: true,
  },
  CHAIN_CONTRACT_DIFFERENT: {
    hint: 'The code at this address is not what was deployed: compare the deployment record with its published source.',
    retryable: false,
  },
  CHAIN_RPC_UNAVAILABLE: {
    hint: 'Check the RPC endpoint and the network; if it is one of this machine, that `gevulot devnet` runs. The call can be repeated safely.',
    retryable: true,
  },
  CHAIN_SIGNER_MISSING: {
    hint: 'Give a signer that is connected to a provider; a provider alone can only read.',
    retryable: false,
  },
  CHAIN_PROVIDER_DESTROYED: {
    hint: 'Destroy a provider when every call that uses it has ended. A transaction that was sent before may still be included: look it up before sending another.',
    retryable: false,
  },
  CHAIN_UNSUPPORTED: {
    hint: 'The endpoint, the provider or the signer does not know how to do this: use one that does.',
    retryable: false,
  },
  CHAIN_SIGNER_REFUSED: {
    hint: 'The wallet did not sign; approve the request there.',
    retryable: false,
  },
  CHAIN_GAS_FUNDS_LOW: {
    hint: "Send some of the chain's own currency to the account: it pays for gas.",
    retryable: false,
  },
  CHAIN_TRANSACTION_TOO_LARGE: {
    hint: 'Nothing was sent: nodes take transactions of 128 KiB. Send less in one: fewer requests, a smaller proof, smaller public inputs.',
    retryable: false,
  },
  CHAIN_GAS_LIMIT_TOO_HIGH: {
    hint: 'Nothing was sent: the transaction may use more gas than a block has, than a transaction may have (16,777,216 on most chains), or than the `maxGas` of the worker. Do less in one, or set `maxGas` to what the chain takes.',
    retryable: false,
  },
  CHAIN_FEE_REFUSED: {
    hint: 'Nothing was sent: the endpoint takes nothing that may cost so much. Wait until gas is cheaper, lower the highest fee per gas (`maxFeeGwei` of a worker), or raise the limit of the node (geth: `--rpc.txfeecap`).',
    retryable: true,
  },
  CHAIN_NONCE_CONFLICT: {
    hint: 'Another transaction of this account took the nonce; repeat the call.',
    retryable: true,
  },
  CHAIN_REVERTED: {
    hint: 'The call fails in the present state of the chain; see details.',
    retryable: false,
  },
  CHAIN_TRANSACTION_REVERTED: {
    hint: 'The state changed between simulation and inclusion; read it again and decide again.',
    retryable: true,
  },
  CHAIN_TRANSACTION_TIMEOUT: {
    hint: 'The transaction may still be included: look it up by the hash in details before sending another.',
    retryable: true,
  },
  CHAIN_TRANSACTION_REPLACED: {
    hint: 'The wallet, or another program with its key, used the nonce for another transaction (`details.replacement`), so this one can never be included. Repeat the call if it is still wanted.',
    retryable: false,
  },
  CHAIN_FEE_ABOVE_CAP: {
    hint: 'Nothing was sent: gas costs more than this call may pay. Wait until it is cheaper, or raise maxFeePerGas.',
    retryable: true,
  },
  CHAIN_EVENT_MALFORMED: {
    hint: 'The node returned a log that is not of these contracts: check the deployment record and the SDK version.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link CHAIN_ERRORS}. */
export const chainError = errorFactory(CHAIN_ERRORS)
