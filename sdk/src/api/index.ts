export {
  createApiClient,
  type ApiCallOptions,
  type ApiClient,
  type ApiClientOptions,
  type ProofBytes,
} from './createApiClient.js'
export { ENDPOINTS, type EndpointName } from './contract/endpoints.js'
export type { Answer, Call, Endpoint } from './contract/Endpoint.js'
export { openApi } from './contract/openApi.js'
export { ApiKeys, type StoredKey } from './server/ApiKeys.js'
export type { KeyLimits } from './store/KeyLimits.js'
export { verifyWebhook, WEBHOOK_SIGNATURE, type VerifyWebhookParams } from './webhooks/signWebhook.js'
export { WEBHOOK_EVENTS } from './contract/webhookEndpoints.js'
export { startApi, type ApiOptions, type RunningApi } from './server/startApi.js'
