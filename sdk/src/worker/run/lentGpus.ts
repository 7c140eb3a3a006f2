import { workerError } from '../../errors/codes/worker.js'
import { findGpus, type Gpu } from '../../runtime/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'

/**
 * The cards that a configuration lends to programs, each looked at.
 * @param root Where `/sys`, `/dev` and `/proc` are looked for.
 * @throws GevulotError WORKER_CONFIG_INVALID, WORKER_RUNTIME_UNAVAILABLE with what helps
 */
export async function lentGpus(config: Pick<WorkerConfig, 'gpus' | 'runtime'>, root?: string): Promise<readonly Gpu[]> {
  if (config.gpus.length === 0) return []
  if (config.runtime !== 'nanos') {
    throw workerError(
      'WORKER_CONFIG_INVALID',
      `the configuration is wrong: gpus (GEVULOT_GPUS) names cards, and the runtime ${config.runtime} cannot lend them; nanos can`,
    )
  }
  const findings = await findGpus(root)
  return [...new Set(config.gpus)].map((address) => {
    const found = findings.find((finding) => finding.address === address)
    if (found?.ready === true) return found.gpu
    const { reason, fix } = found ?? {
      reason: 'there is no such graphics card on the bus',
      fix: `Name one of ${findings.map((finding) => finding.address).join(', ') || 'the cards of this machine; it has none'}.`,
    }
    throw workerError('WORKER_RUNTIME_UNAVAILABLE', `the card ${address} cannot be lent: ${reason}`, {
      details: { reason, fix },
    })
  })
}
