import type { JsonRpcError, JsonRpcResult } from 'ethers'

/**
 * What an answer is worth. `answer`: it is one, good or bad. `elsewhere`: another endpoint may know more. `limited`: the endpoint takes no more
 * questions now.
 */
export type Worth = 'answer' | 'elsewhere' | 'limited'

// Codes that providers give to limits, and their words. A query for logs that is too large is no limit of ours: it is asked again in parts.
const LIMIT_CODES = new Set([429, -32_005, -32_007, -32_016, -32_029, -32_097])
const LIMIT_WORDS =
  /rate.?limit|too many requests|request limit|limit (?:exceeded|reached)|throttl|quota|capacity|compute units|try again (?:later|in)/i
const TOO_LARGE = /result|range|block|size|large|wide/i
// What an EVM or a node says of the transaction itself. All else is about the node, and must not pass for a revert.
const OF_THE_CALL =
  /revert|vm exception|invalid opcode|invalid jump|bad instruction|out of gas|gas required|intrinsic gas|gas limit|stack (?:under|over)|write protection|insufficient|nonce|fee cap|base fee|gas price|always fail/i
const CALLS = new Set(['eth_call', 'eth_estimateGas'])
/** Of these `null` may only mean that this endpoint has not heard of it. */
const MAY_BE_NEWS = new Set(['eth_getTransactionReceipt', 'eth_getTransactionByHash'])

/** Judges an answer by the method that was called. */
export function worthOf(method: string, answer: JsonRpcResult | JsonRpcError): Worth {
  if (!('error' in answer)) return answer.result === null && MAY_BE_NEWS.has(method) ? 'elsewhere' : 'answer'
  const { code } = answer.error
  const text = JSON.stringify(answer.error)
  if (CALLS.has(method) && (code === 3 || OF_THE_CALL.test(text))) return 'answer'
  if (method === 'eth_getLogs' && TOO_LARGE.test(text)) return 'answer'
  if (LIMIT_CODES.has(code) || LIMIT_WORDS.test(text)) return 'limited'
  // Whoever sends a transaction wants to know why it was not taken; a query for logs is asked again in parts.
  return method === 'eth_sendRawTransaction' || method === 'eth_getLogs' ? 'answer' : 'elsewhere'
}
