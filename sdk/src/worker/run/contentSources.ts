import { DirectoryStore, HttpStore, MultiStore, type ContentSource } from '../../content/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'

/** Makes the places where the content of a workload is looked for: the operator's own first, then what the chain says. */
export function contentSources(
  config: Pick<WorkerConfig, 'contentDirectories' | 'contentUrls' | 'privateContent'>,
): (uris: readonly string[]) => ContentSource {
  const own: readonly ContentSource[] = [
    ...config.contentDirectories.map((path) => new DirectoryStore(path)),
    ...config.contentUrls.map((url) => new HttpStore(url, { addresses: 'any' })),
  ]
  return (uris) => new MultiStore([...own, ...uris.flatMap((uri) => strangersStore(uri, config.privateContent))])
}

/** A URI from the chain is a stranger's: one that is no usable web address is ignored. */
function strangersStore(uri: string, isPrivateAllowed: boolean): ContentSource[] {
  if (!/^https?:\/\//i.test(uri)) return []
  try {
    return [new HttpStore(uri, { addresses: isPrivateAllowed ? 'any' : 'public', attempts: 2 })]
  } catch {
    return []
  }
}
