import { FILE_NAME } from '../content/PackageManifest.js'
import { parseJson, readInteger, readList, readRecord, readText, ShapeError } from '../content/shape.js'
import { MAX_ERROR_TEXT } from './ResultJson.js'

/** `task_result.json` of a program for Gevulot's file shim, its shape checked. Source: docs/program-contract.md. */
export type TaskResult =
  { readonly id: string; readonly data: Uint8Array; readonly files: readonly string[] } | { readonly error: string }

/** The most bytes of `task_result.json`: its data are a list of numbers. */
export const MAX_TASK_RESULT_BYTES = 16 << 20

const MAX_DATA_BYTES = 4 << 20
const MAX_TEXT_BYTES = 1 << 16

/**
 * Reads what a program wrote as its result: `{"Ok":{"id","data","files"}}` or `{"Err":"text"}`. Names of files may stand behind
 * `/workspace/`.
 * @throws ShapeError
 */
export function parseTaskResult(bytes: Uint8Array): TaskResult {
  const result = readRecord(parseJson(bytes), 'task_result')
  if (Object.hasOwn(result, 'Err')) {
    return { error: readText(result['Err'], 'task_result.Err', MAX_TEXT_BYTES).slice(0, MAX_ERROR_TEXT) }
  }
  const members = readRecord(result['Ok'], 'task_result.Ok')
  const data = readList(members['data'], 'task_result.Ok.data', MAX_DATA_BYTES, (value, at) =>
    readInteger(value, at, 0, 255),
  )
  const files = readList(members['files'], 'task_result.Ok.files', 64, (value, at) =>
    readText(readText(value, at, 256).replace(/^\/workspace\//, ''), at, 128, FILE_NAME),
  )
  if (new Set(files).size !== files.length) throw new ShapeError('task_result.Ok.files repeats a name')
  return { id: readText(members['id'], 'task_result.Ok.id', 128), data: Uint8Array.from(data), files }
}
