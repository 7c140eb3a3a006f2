import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'

/** The API of the server that this page came from; answers are checked by the schemas of the server. */
export const api: ApiClient = createApiClient({ url: window.location.origin })
