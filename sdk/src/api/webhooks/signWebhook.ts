import { createHmac, timingSafeEqual } from 'node:crypto'
import { apiError } from '../../errors/codes/api.js'

/**
 * The header that carries the signature of a webhook: `t=<Unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>", hexadecimal>`, and a second `v1` by the secret
 * before while the webhook changes its secret.
 */
export const WEBHOOK_SIGNATURE = 'gevulot-signature'

const FORM = /^t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,2})$/
const TOLERANCE_SECONDS = 300

/**
 * The signature of a body.
 * @param secrets One, or the new and the old one.
 * @param time Unix seconds, when it is sent: a copy that is sent much later is told by it.
 */
export function signWebhook(secrets: readonly string[], body: string, time: number): string {
  return [`t=${time}`, ...secrets.map((secret) => `v1=${macOf(secret, body, time)}`)].join()
}

/** What {@link verifyWebhook} needs. */
export interface VerifyWebhookParams {
  /** As the server answered when the webhook was registered. */
  readonly secret: string
  /** The body exactly as it came. */
  readonly body: string
  /** The header `Gevulot-Signature`. */
  readonly signature: string | undefined
  /** Unix seconds. */
  readonly now: number
  /** Seconds that sender and receiver may differ; default 300. */
  readonly toleranceSeconds?: number
}

/**
 * Checks in the receiver that a webhook came from the server that holds the secret, and lately.
 * The same event may come more than once: keep the ids of those that were dealt with.
 * @example
 * verifyWebhook({ secret, body, signature: request.headers['gevulot-signature'], now: Math.floor(Date.now() / 1000) })
 * @throws GevulotError API_WEBHOOK_INVALID
 */
export function verifyWebhook({ secret, body, signature, now, toleranceSeconds }: VerifyWebhookParams): void {
  const [, time, macs] = FORM.exec(signature ?? '') ?? []
  if (time === undefined || macs === undefined) throw apiError('API_WEBHOOK_INVALID', 'there is no signature')
  const wanted = Buffer.from(macOf(secret, body, Number(time)))
  const isSigned = macs.split(',v1=').some((mac) => mac !== '' && timingSafeEqual(Buffer.from(mac), wanted))
  if (!isSigned) {
    throw apiError('API_WEBHOOK_INVALID', 'the signature is not of this body and secret')
  }
  if (Math.abs(now - Number(time)) > (toleranceSeconds ?? TOLERANCE_SECONDS)) {
    throw apiError('API_WEBHOOK_INVALID', `it was signed at ${time}, and it is ${now} now`)
  }
}

function macOf(secret: string, body: string, time: number): string {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
}
