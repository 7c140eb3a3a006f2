import type { WorkerConfig } from './WorkerConfig.js'

const TOKEN = 10n ** 18n
/** Bonds of a day where nothing else is said. */
const BONDS_A_DAY = 3n

/** What appeals may cost, in token units. */
export function appealLimits({ appealUpTo, appealPerDay }: Pick<WorkerConfig, 'appealUpTo' | 'appealPerDay'>) {
  const upTo = BigInt(appealUpTo) * TOKEN
  return { upTo, perDay: appealPerDay === 0 ? upTo * BONDS_A_DAY : BigInt(appealPerDay) * TOKEN }
}
