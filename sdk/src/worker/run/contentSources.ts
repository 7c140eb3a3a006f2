import { join } from 'node:path'
import { MultiStore, openPlace, openStrangersPlace, type ContentSource } from '../../content/index.js'
import type { PlaceOptions } from '../../content/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'

/** Makes the places where the content of a workload is looked for: the operator's own first, then what the chain says. */
export function contentSources(
  config: Pick<
    WorkerConfig,
    'dataDirectory' | 'contentDirectories' | 'contentUrls' | 'privateContent' | 'ipfsGateways'
  >,
  options: PlaceOptions = {},
): (uris: readonly string[]) => ContentSource {
  const own = [...config.contentDirectories, ...config.contentUrls].map((place) => openPlace(place, options))
  const { privateContent: isPrivateAllowed, ipfsGateways } = config
  return (uris) =>
    new MultiStore(
      [...own, ...uris.flatMap((uri) => openStrangersPlace(uri, { isPrivateAllowed, ipfsGateways }) ?? [])],
      {
        workDirectory: join(config.dataDirectory, 'work'),
      },
    )
}
