import { deploymentOf } from '../chain/deployment.js'
import { readDeploymentRecord } from '../chain/readDeploymentRecord.js'
import { rpcProvider } from '../chain/rpcProvider.js'
import { createClient, type GevulotClient } from '../client/createClient.js'
import type { ClientOptions } from '../client/makeClient.js'
import type { ContentSource, ContentStore } from '../content/ContentStore.js'
import { isStore, openPlace, placeOptionsOf } from '../content/openPlace.js'
import type { Context } from './Context.js'
import { openSigner } from './openSigner.js'

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])
/** A chain on this machine answers at once and makes a block a second. */
const LOCAL_POLL_MS = 300

/** Connects without a key. */
export async function openReader(context: Context): Promise<GevulotClient> {
  const { provider, options } = await basis(context)
  return createClient({ ...options, provider })
}

/** Connects with the key of the settings. The key is read last: nobody types a password for a chain that is not there. */
export async function openClient(context: Context): Promise<GevulotClient> {
  const keyFile = await context.setting('keyFile')
  const { provider, options } = await basis(context)
  await createClient({ ...options, provider })
  return createClient({ ...options, signer: await openSigner(keyFile, provider, context) })
}

async function basis(context: Context) {
  const rpcUrl = await context.setting('rpcUrl')
  const deployment = deploymentOf(await readDeploymentRecord(await context.setting('deployment')))
  const { rpcFallbacks, store } = await context.settings()
  const local = URL.canParse(rpcUrl) && LOOPBACK.has(new URL(rpcUrl).hostname)
  const options: ClientOptions = {
    deployment,
    ...contentOf(store, context),
    ...(local && { pollMs: LOCAL_POLL_MS }),
  }
  const provider = rpcProvider([rpcUrl, ...placesIn(rpcFallbacks)], deployment.chainId)
  await provider.assertChain()
  return { provider, options }
}

/** URLs with commas between them. */
export function placesIn(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((place) => (place.trim() === '' ? [] : [place.trim()]))
}

/** What can be written is written too. The person at this terminal named it, so it may be a private one. */
function contentOf(
  place: string | undefined,
  { environment }: Context,
): { readonly store?: ContentStore; readonly source?: ContentSource } {
  if (place === undefined) return {}
  const source = openPlace(place, placeOptionsOf(environment))
  return isStore(source) ? { store: source } : { source }
}
