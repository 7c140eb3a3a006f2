export { loadConfig } from './config/loadConfig.js'
export { readKeyFile } from './config/readKeyFile.js'
export { helpText } from './config/helpText.js'
export type { AccountSigner } from './key/AccountSigner.js'
export { ExternalSigner, type ExternalSignerOptions } from './key/ExternalSigner.js'
export { Secret } from './config/Secret.js'
export { WORKER_FIELDS, type WorkerConfig } from './config/WorkerConfig.js'
export { jsonLogger, type JsonLoggerOptions, type Logger, type LogLevel } from './log/Logger.js'
export { redactor } from './log/redactor.js'
export {
  calibrate,
  CALIBRATION_DEFAULTS,
  passProbability,
  seatsHeldUp,
  type Attempt,
  type Calibration,
  type CalibrationWish,
} from './qualify/calibrate.js'
export { calibrateProof, type ProofCalibration, type ProofCalibrationWish } from './qualify/calibrateProof.js'
export { measureProofTimes, type ProofMeasurement } from './qualify/measureProofTimes.js'
export {
  encodeNumbers,
  measureHashRate,
  solveHashcash,
  type HashcashDifficulty,
  type HashcashOrder,
  type HashcashSolution,
} from './qualify/solveHashcash.js'
export { Worker, type WorkerDependencies } from './Worker.js'
