import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import { PackageCache } from '../../content/PackageCache.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'

const MIB = 2 ** 20

/** Opens the packages of a data directory, which its caller has locked. */
export async function openPackages(
  config: Pick<WorkerConfig, 'dataDirectory' | 'cacheMiB'>,
  clock: Clock,
): Promise<PackageCache> {
  return PackageCache.open({
    directory: join(config.dataDirectory, 'cache'),
    maxBytes: config.cacheMiB * MIB,
    clock,
  })
}
