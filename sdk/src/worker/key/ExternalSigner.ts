import {
  Signature,
  toQuantity,
  Transaction,
  TypedDataEncoder,
  verifyTypedData,
  type TransactionLike,
  type TransactionRequest,
  type TypedDataDomain,
  type TypedDataField,
} from 'ethers'
import type { Address } from '../../chain/hex.js'
import { workerError } from '../../errors/codes/worker.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Secret } from '../config/Secret.js'
import type { Logger } from '../log/Logger.js'
import type { AccountSigner } from './AccountSigner.js'
import { askSigner } from './askSigner.js'

/** What an {@link ExternalSigner} needs. */
export interface ExternalSignerOptions {
  /** JSON-RPC endpoint of the signer. */
  readonly url: Secret
  /** The account it signs for. */
  readonly account: Address
  /** Milliseconds until a question counts as failed. */
  readonly timeoutMs: number
  readonly log: Logger
}

/** The newest name first; Web3Signer knows the older one. */
const TYPED_DATA = ['eth_signTypedData_v4', 'eth_signTypedData'] as const

/**
 * A signer in another process or machine that holds the key, asked over JSON-RPC as Web3Signer and Clef answer it (`eth_accounts`,
 * `eth_signTransaction`, `eth_signTypedData`). Nothing it answers is believed: a signature is used only if it is the account's and
 * signs exactly what was asked for.
 */
export class ExternalSigner implements AccountSigner {
  readonly address: Address
  readonly #options: ExternalSignerOptions
  #typedData: readonly string[] = TYPED_DATA
  #isDown = false

  private constructor(options: ExternalSignerOptions) {
    this.#options = options
    this.address = options.account
  }

  /**
   * Asks the signer whether it holds the account.
   * @throws GevulotError WORKER_SIGNER_UNAVAILABLE, WORKER_SIGNER_REFUSED
   */
  static async open(options: ExternalSignerOptions): Promise<ExternalSigner> {
    const signer = new ExternalSigner(options)
    const accounts = await signer.#ask('eth_accounts', [])
    const held = Array.isArray(accounts) ? accounts.map(String) : []
    if (!held.some((account) => account.toLowerCase() === options.account.toLowerCase())) {
      const have = held.length === 0 ? 'none' : held.slice(0, 5).join(', ')
      throw workerError('WORKER_SIGNER_REFUSED', `the external signer does not hold ${options.account}`, {
        details: { want: options.account, have },
      })
    }
    return signer
  }

  async signTransaction(request: TransactionRequest): Promise<string> {
    const wanted = Transaction.from(request as TransactionLike<string>)
    const answer = await this.#ask('eth_signTransaction', [
      {
        from: this.address,
        to: wanted.to,
        gas: toQuantity(wanted.gasLimit),
        maxFeePerGas: toQuantity(wanted.maxFeePerGas ?? 0n),
        maxPriorityFeePerGas: toQuantity(wanted.maxPriorityFeePerGas ?? 0n),
        value: toQuantity(wanted.value),
        nonce: toQuantity(wanted.nonce),
        data: wanted.data,
        chainId: toQuantity(wanted.chainId),
      },
    ])
    const raw = rawOf(answer)
    const signed = raw === undefined ? undefined : parse(raw)
    if (raw === undefined || signed === undefined) throw wrong('its answer is no signed transaction')
    if (signed.unsignedHash !== wanted.unsignedHash) throw wrong(`it changed ${differences(wanted, signed)}`)
    if (signed.from !== this.address) throw wrong(`it signed for ${String(signed.from)}, not for ${this.address}`)
    return raw
  }

  async signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    const payload = JSON.stringify(TypedDataEncoder.getPayload(domain, types, value))
    const signature = signatureOf(await this.#askTypedData(payload))
    if (signature === undefined) throw wrong('its answer is no signature')
    // Before 2025 Web3Signer put the prefix of messages before typed data: no contract takes such a signature.
    if (verifyTypedData(domain, types, value, signature) !== this.address) {
      throw wrong(`the signature of typed data is not one of ${this.address} on that data (EIP-712)`)
    }
    return signature
  }

  async #askTypedData(payload: string): Promise<unknown> {
    for (const method of this.#typedData) {
      const answer = await this.#ask(method, [this.address, payload])
      if (answer === undefined) continue
      this.#typedData = [method]
      return answer
    }
    throw workerError('WORKER_SIGNER_REFUSED', `the external signer knows neither ${TYPED_DATA.join(' nor ')}`)
  }

  /** Asks, and says once when the signer goes away and when it is back. */
  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const { url, timeoutMs, log } = this.#options
    try {
      const answer = await askSigner({ url: url.reveal(), timeoutMs }, method, params)
      if (this.#isDown) log.info('the external signer answers again', { stage: 'sign' })
      this.#isDown = false
      return answer
    } catch (error) {
      const isDown = GevulotError.is(error, 'WORKER_SIGNER_UNAVAILABLE')
      if (isDown && !this.#isDown) log.error('the external signer does not answer', { stage: 'sign', error })
      this.#isDown = isDown
      throw error
    }
  }
}

/** The signed bytes: the answer itself, or in `raw` as geth has it. */
function rawOf(answer: unknown): string | undefined {
  const raw = typeof answer === 'object' && answer !== null ? (answer as { readonly raw?: unknown }).raw : answer
  return typeof raw === 'string' ? raw : undefined
}

function parse(raw: string): Transaction | undefined {
  try {
    return Transaction.from(raw)
  } catch {
    return undefined
  }
}

/** A signature in its one canonical form. */
function signatureOf(answer: unknown): string | undefined {
  try {
    return typeof answer === 'string' ? Signature.from(answer).serialized : undefined
  } catch {
    return undefined
  }
}

const COMPARED = ['type', 'chainId', 'nonce', 'to', 'value', 'data', 'gasLimit'] as const
const FEES = ['maxFeePerGas', 'maxPriorityFeePerGas'] as const

/** Names of what differs. */
function differences(wanted: Transaction, signed: Transaction): string {
  const names = [...COMPARED, ...FEES].filter((name) => wanted[name] !== signed[name])
  return names.length === 0 ? 'the access list' : names.join(', ')
}

function wrong(why: string): GevulotError {
  return workerError('WORKER_SIGNER_WRONG', `the external signer signed something else: ${why}`)
}
