import { isHexString } from 'ethers'
import type { Hex } from '../../chain/hex.js'
import {
  parseJson,
  readInteger,
  readList,
  readObject,
  readRecord,
  readText,
  ShapeError,
  utf8,
} from '../../content/shape.js'
import { clientError } from '../../errors/codes/client.js'
import type { Attempt } from '../proveWithin.js'
import type { PublishedInputs } from '../publishInputs.js'

/** What is known of one stage: enough to go on with it, and to pay for nothing twice. */
export interface StageRecord {
  readonly program: Hex
  readonly inputs: PublishedInputs
  /** Every attempt, noted before it was sent. */
  readonly attempts: readonly Attempt[]
}

/** What is known of a pipeline. */
export interface PipelineRecord {
  readonly chainId: number
  readonly market: string
  readonly account: string
  readonly stages: Readonly<Record<string, StageRecord>>
}

const SCHEMA = 'gevulot/pipeline@1'
const MOST_ATTEMPTS = 64

/** The record as text. */
export function encodeRecord(record: PipelineRecord): string {
  const text = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
  return `${JSON.stringify({ schema: SCHEMA, ...record }, text, 2)}\n`
}

/** Reads the text of {@link encodeRecord}. @throws GevulotError CLIENT_PIPELINE_STATE_INVALID */
export function parseRecord(text: string): PipelineRecord {
  try {
    const value = readObject(parseJson(utf8.encode(text)), 'state', [
      'schema',
      'chainId',
      'market',
      'account',
      'stages',
    ])
    if (value['schema'] !== SCHEMA) throw new ShapeError(`state.schema is not ${SCHEMA}`)
    const stages = Object.entries(readRecord(value['stages'], 'state.stages'))
    return {
      chainId: readInteger(value['chainId'], 'state.chainId', 1, Number.MAX_SAFE_INTEGER),
      market: readText(value['market'], 'state.market', 42),
      account: readText(value['account'], 'state.account', 42),
      stages: Object.fromEntries(stages.map(([name, stage]) => [name, stageOf(stage, `state.stages.${name}`)])),
    }
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause
    throw clientError('CLIENT_PIPELINE_STATE_INVALID', cause.message, { cause })
  }
}

function stageOf(value: unknown, at: string): StageRecord {
  const { program, inputs, attempts } = readObject(value, at, ['program', 'inputs', 'attempts'])
  const published = readObject(inputs, `${at}.inputs`, ['digest', 'publicInputs'], ['publicInputsBytes', 'uri'])
  const bytes = published['publicInputsBytes']
  return {
    program: hexOf(program, `${at}.program`),
    inputs: {
      digest: readText(published['digest'], `${at}.inputs.digest`, 80),
      publicInputs: hexOf(published['publicInputs'], `${at}.inputs.publicInputs`),
      ...(bytes !== undefined && {
        publicInputsBytes: readInteger(bytes, `${at}.inputs.publicInputsBytes`, 0, Number.MAX_SAFE_INTEGER),
      }),
      ...(published['uri'] !== undefined && { uri: readText(published['uri'], `${at}.inputs.uri`, 1024) }),
    },
    attempts: readList(attempts, `${at}.attempts`, MOST_ATTEMPTS, attemptOf),
  }
}

function attemptOf(value: unknown, at: string): Attempt {
  const { nonce, fee, maxRunTime, redundancy } = readObject(value, at, ['nonce', 'fee', 'maxRunTime', 'redundancy'])
  return {
    nonce: readInteger(nonce, `${at}.nonce`, 0, Number.MAX_SAFE_INTEGER),
    fee: BigInt(readText(fee, `${at}.fee`, 80, /^\d+$/)),
    maxRunTime: readInteger(maxRunTime, `${at}.maxRunTime`, 1, 86_400),
    redundancy: readInteger(redundancy, `${at}.redundancy`, 1, 8),
  }
}

function hexOf(value: unknown, at: string): Hex {
  const text = readText(value, at, 66)
  if (!isHexString(text, 32)) throw new ShapeError(`${at} is not 0x and 64 hexadecimal digits`)
  return text
}
