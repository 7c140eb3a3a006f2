import type { ProgramId } from '../../chain/hex.js'
import { bytes32, integer, list, choice, type Parser } from '../../worker/config/parsers.js'
import type { Lane } from '../adapter/Lane.js'
import { MAX_BUNDLE_JOBS } from '../protocol/bundle.js'
import { JOB_TYPE_NAMES } from '../protocol/jobTypes.js'

/** A number of thousandths at least: 0.25, 3. */
const factor: Parser<number> = (value) => {
  if (typeof value === 'number' && value >= 0.001 && value <= 1_000) return value
  throw new Error('must be a number from 0.001 to 1000')
}

/** Each member with its parser and its default; none: it must be there. */
const MEMBERS: { readonly [Name in keyof Lane]: readonly [Parser<Lane[Name]>, Lane[Name]?] } = {
  program: [(value) => bytes32(value) as ProgramId],
  types: [list(choice(...JOB_TYPE_NAMES))],
  bundleJobs: [integer(1, MAX_BUNDLE_JOBS), 16],
  bundleBytes: [integer(1, 2 ** 30), 32 * 2 ** 20],
  bundleSeconds: [integer(1, 86_400), 300],
  bundleWaitMs: [integer(0, 3_600_000), 5_000],
  pace: [factor, 1],
  spareSeconds: [integer(0, 86_400), 120],
  maxRunTime: [integer(1, 86_400), 1_800],
  redundancy: [integer(1, 8), 1],
  feePercent: [integer(100, 10_000), 100],
}

/** A lane in JSON. */
export const lane: Parser<Lane> = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('must be an object')
  const given = value as Readonly<Record<string, unknown>>
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(MEMBERS, name))
  if (unknown !== undefined) throw new Error(`has the member ${unknown}, which is none`)
  const read = Object.entries(MEMBERS).map(([name, [parse, fallback]]) => {
    if (given[name] === undefined && fallback !== undefined) return [name, fallback] as const
    try {
      return [name, (parse as Parser<unknown>)(given[name])] as const
    } catch (error) {
      throw new Error(`${name} ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  })
  // Every member was set above from its own parser.
  return Object.fromEntries(read) as unknown as Lane
}
