import { aztecError } from '../../errors/codes/aztec.js'
import { factsOf, JOB_TYPE_NAMES, type JobTypeName } from './jobTypes.js'

/** What the id of a job says: `<epoch>:<TYPE NAME>:<sha-256 of its inputs>`. */
export interface JobId {
  readonly epoch: number
  readonly type: JobTypeName
  /** 64 hexadecimal digits. */
  readonly inputsHash: string
}

const FORM = /^(0|[1-9]\d{0,9}):([A-Z_]{1,64}):([0-9a-f]{64})$/

/**
 * Reads an id.
 * @throws GevulotError AZTEC_JOB_INVALID
 */
export function parseJobId(id: string): JobId {
  const [, epoch, name, inputsHash] = FORM.exec(id) ?? []
  const type = JOB_TYPE_NAMES.find((known) => known === name)
  if (type === undefined || inputsHash === undefined) {
    throw aztecError('AZTEC_JOB_INVALID', `not the id of a job: ${JSON.stringify(id.slice(0, 120))}`)
  }
  return { epoch: Number(epoch), type, inputsHash }
}

/**
 * Reads an id and compares it with what else the broker says about the job.
 * @param type The number on the wire.
 * @throws GevulotError AZTEC_JOB_INVALID
 */
export function readJobId(id: string, type: number, epochNumber: number): JobId {
  const job = parseJobId(id)
  if (factsOf(job.type).type !== type) throw aztecError('AZTEC_JOB_INVALID', `job ${id} is said to be of type ${type}`)
  if (job.epoch !== epochNumber)
    throw aztecError('AZTEC_JOB_INVALID', `job ${id} is said to be of epoch ${epochNumber}`)
  return job
}
