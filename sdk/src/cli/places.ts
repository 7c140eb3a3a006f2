import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ContentSource, ContentStore } from '../content/ContentStore.js'
import { cliError } from '../errors/codes/cli.js'
import type { Context } from './Context.js'

/** Where the command line keeps packages and images that it can make again: `$XDG_CACHE_HOME/gevulot`, `~/.cache/gevulot`. */
export function cacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment['XDG_CACHE_HOME'] ?? join(environment['HOME'] ?? homedir(), '.cache'), 'gevulot')
}

/** The data directory of the worker that is asked. @throws GevulotError CLI_USAGE when nobody named it */
export function workerDirectory(given: string | undefined, { environment }: Pick<Context, 'environment'>): string {
  const directory = given ?? environment['GEVULOT_DATA_DIRECTORY']
  if (directory !== undefined && directory !== '') return directory
  throw cliError('CLI_USAGE', "name the worker's data directory: --data <directory>, or GEVULOT_DATA_DIRECTORY")
}

/** The store of the settings, to read from: any that `openPlace` knows. */
export async function contentSource(context: Context): Promise<ContentSource> {
  const place = await context.setting('store')
  const { openPlace, placeOptionsOf } = await import('../content/openPlace.js')
  return openPlace(place, placeOptionsOf(context.environment))
}

/** The store of the settings, to write to. @throws GevulotError CONTENT_READ_ONLY */
export async function contentStore(context: Context): Promise<ContentStore> {
  const place = await context.setting('store')
  const { openWritablePlace, placeOptionsOf } = await import('../content/openPlace.js')
  return openWritablePlace(place, placeOptionsOf(context.environment))
}
