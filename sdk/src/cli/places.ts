import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ContentSource } from '../content/ContentStore.js'
import type { Context } from './Context.js'

/** Where the command line keeps packages and images that it can make again: `$XDG_CACHE_HOME/gevulot`, `~/.cache/gevulot`. */
export function cacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment['XDG_CACHE_HOME'] ?? join(environment['HOME'] ?? homedir(), '.cache'), 'gevulot')
}

/** The store of the settings, to read from: a directory, or a URL that the person at this terminal named. */
export async function contentSource(context: Context): Promise<ContentSource> {
  const store = await context.setting('store')
  if (/^https?:/.test(store)) {
    const { HttpStore } = await import('../content/HttpStore.js')
    return new HttpStore(store, { addresses: 'any' })
  }
  const { DirectoryStore } = await import('../content/DirectoryStore.js')
  return new DirectoryStore(store)
}
