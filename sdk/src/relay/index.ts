export type { RelayLimits } from './RelayDesk.js'
export { startRelay, type RelayOptions, type RunningRelay } from './startRelay.js'
