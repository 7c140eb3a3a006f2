import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ShimSpec } from '../content/index.js'
import { ShapeError } from '../content/shape.js'
import { diskError, writeAtomically } from '../content/writeAtomically.js'
import type { GuestOutput } from './GuestOutput.js'
import { MAX_ERROR_TEXT, MAX_RESULT_BYTES, parseResultJson, type ClaimedFile, type ResultJson } from './ResultJson.js'
import type { RunJob } from './Runtime.js'
import type { ResultFile, Verdict } from './RunOutcome.js'
import { MAX_TASK_RESULT_BYTES, parseTaskResult } from './TaskResult.js'

/** How a program's process ended, as the runtime saw it. */
export type ProgramExit =
  | { readonly code: number; readonly memoryExhausted: boolean }
  | { readonly signal: number; readonly memoryExhausted: boolean }

// The signal for a file beyond the limit of file sizes.
const SIGXFSZ = 25

/** A reason not to believe a result. */
class Unbelievable extends Error {}

/**
 * Decides what a finished run was worth; the one place for all runtimes. The result files of an `ok` run are copied to
 * the job's output directory on the way. Source: design section 8, docs/program-contract.md.
 */
export async function classify(
  job: RunJob,
  nonce: string,
  exit: ProgramExit,
  output: GuestOutput,
  log: string,
): Promise<Verdict> {
  try {
    const { command, shim } = job.package.manifest
    const verdict =
      command !== undefined
        ? await judgeCommand(job, exit, output, log)
        : shim !== undefined
          ? await judgeTask(job, shim, nonce, exit, output)
          : await judgeResult(job, nonce, exit, output)
    return verdict ?? blame(exit, output)
  } catch (error) {
    if (!(error instanceof Unbelievable || error instanceof ShapeError)) throw diskError(error, job.outputDirectory)
    return output.full ? { kind: 'disk-full' } : { kind: 'no-result', reason: error.message }
  }
}

/** Why a program that left no result failed. Exhausted limits come first: they explain the rest. */
function blame(exit: ProgramExit, output: GuestOutput): Verdict {
  if (exit.memoryExhausted) return { kind: 'out-of-memory' }
  if (output.full || ('signal' in exit && exit.signal === SIGXFSZ)) return { kind: 'disk-full' }
  if ('signal' in exit) return { kind: 'crash', signal: exit.signal }
  if (exit.code !== 0) return { kind: 'crash', exitCode: exit.code }
  return { kind: 'no-result', reason: 'the program wrote no result.json' }
}

/** A program of the contract: `result.json` decides, but only a clean exit may claim more than an error. */
async function judgeResult(
  job: RunJob,
  nonce: string,
  exit: ProgramExit,
  output: GuestOutput,
): Promise<Verdict | undefined> {
  if ('signal' in exit) return undefined
  const entry = await output.stat('result.json')
  if (entry === undefined) return undefined
  if (exit.code !== 0) {
    const result = await readResult(output).catch(() => undefined)
    const admitted = result?.nonce === nonce && result.status === 'error'
    return admitted ? { kind: 'program-error', text: result.error } : undefined
  }
  const result = await readResult(output)
  if (result.nonce !== nonce) throw new Unbelievable('result.json has the nonce of another run')
  switch (result.status) {
    case 'error':
      return { kind: 'program-error', text: result.error }
    case 'ok':
      if (job.role !== 'prove') throw new Unbelievable('a verifier answers valid or invalid, not ok')
      if (!result.files.some((file) => file.name === 'proof')) throw new Unbelievable('result.json names no proof')
      return { kind: 'ok', files: await collectAll(job, result.files, output) }
    case 'valid':
    case 'invalid':
      if (job.role !== 'verify') throw new Unbelievable(`a prover answers ok or error, not ${result.status}`)
      return result.status === 'valid' ? { kind: 'valid' } : { kind: 'invalid', reason: result.error }
  }
}

/** A program for the file shim: `task_result.json` decides, and only after a clean exit. */
async function judgeTask(
  job: RunJob,
  shim: ShimSpec,
  nonce: string,
  exit: ProgramExit,
  output: GuestOutput,
): Promise<Verdict | undefined> {
  if ('signal' in exit || exit.code !== 0) return undefined
  if ((await output.stat('task_result.json')) === undefined)
    return { kind: 'no-result', reason: 'the program wrote no task_result.json' }
  const result = parseTaskResult(await readSmall(output, 'task_result.json', MAX_TASK_RESULT_BYTES))
  if ('error' in result)
    return job.role === 'prove'
      ? { kind: 'program-error', text: result.error }
      : { kind: 'invalid', reason: result.error }
  if (result.id !== nonce) throw new Unbelievable('task_result.json has the id of another task')
  if (job.role === 'verify') {
    const data = Buffer.from(result.data).toString('hex')
    return data === shim.valid
      ? { kind: 'valid' }
      : { kind: 'invalid', reason: `the program's data are ${data.slice(0, 200)}` }
  }
  const proof = shim.proof
  if (proof !== undefined && !result.files.includes(proof)) throw new Unbelievable(`task_result.json names no ${proof}`)
  const others = result.files.filter((name) => name !== proof)
  if (others.includes('proof')) throw new Unbelievable('another file than the proof is named proof')
  const wanted: Wanted[] = others.map((name) => ({ name, from: name }))
  wanted.unshift(proof === undefined ? { name: 'proof', bytes: result.data } : { name: 'proof', from: proof })
  return { kind: 'ok', files: await collectAll(job, wanted, output) }
}

/** An unmodified tool: its exit code decides, and the outputs named in the manifest must be there. */
async function judgeCommand(
  job: RunJob,
  exit: ProgramExit,
  output: GuestOutput,
  log: string,
): Promise<Verdict | undefined> {
  const { command } = job.package.manifest
  const verdict = 'code' in exit ? command?.exit[String(exit.code)] : undefined
  switch (verdict) {
    case undefined:
      return undefined
    case 'error':
      return { kind: 'program-error', text: log.slice(-MAX_ERROR_TEXT) }
    case 'valid':
      return { kind: 'valid' }
    case 'invalid':
      return { kind: 'invalid', reason: log.slice(-MAX_ERROR_TEXT) }
    case 'ok': {
      const outputs = Object.entries(command?.outputs ?? {})
      return {
        kind: 'ok',
        files: await collectAll(
          job,
          outputs.map(([name, path]) => ({ name, from: path.slice('/out/'.length) })),
          output,
        ),
      }
    }
  }
}

async function readResult(output: GuestOutput): Promise<ResultJson> {
  return parseResultJson(await readSmall(output, 'result.json', MAX_RESULT_BYTES))
}

async function readSmall(output: GuestOutput, name: string, most: number): Promise<Uint8Array> {
  const entry = await output.stat(name)
  if (entry?.kind !== 'file') throw new Unbelievable(`${name} is not a regular file`)
  if (entry.size > most) throw new Unbelievable(`${name} is larger than ${most} bytes`)
  const parts: Uint8Array[] = []
  for await (const part of output.read(name, most)) parts.push(part)
  return Buffer.concat(parts)
}

/** A file to take over: claimed with size and digest, or just by where it lies, or its bytes. */
type Wanted =
  ClaimedFile | { readonly name: string; readonly from: string } | { readonly name: string; readonly bytes: Uint8Array }

/** Takes all files over, or none. */
async function collectAll(job: RunJob, wanted: readonly Wanted[], output: GuestOutput): Promise<ResultFile[]> {
  const files: ResultFile[] = []
  let room = job.limits.outputMiB * 2 ** 20
  try {
    for (const file of wanted) {
      const collected = await collect(job, file, output, room)
      files.push(collected)
      room -= collected.size
    }
    return files
  } catch (error) {
    await Promise.all(files.map((file) => rm(file.path, { force: true })))
    throw error
  }
}

async function collectBytes(job: RunJob, name: string, bytes: Uint8Array, room: number): Promise<ResultFile> {
  if (bytes.length > room) throw new Unbelievable(`the result files are larger than ${job.limits.outputMiB} MiB`)
  const path = join(job.outputDirectory, name)
  await writeAtomically(path, async (file) => {
    await file.writeFile(bytes)
    return path
  })
  return { name, path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

async function collect(job: RunJob, wanted: Wanted, output: GuestOutput, room: number): Promise<ResultFile> {
  const { name } = wanted
  if ('bytes' in wanted) return collectBytes(job, name, wanted.bytes, room)
  const from = 'from' in wanted ? wanted.from : name
  const entry = await output.stat(from)
  if (entry === undefined) throw new Unbelievable(`the result file ${from} is missing`)
  if (entry.kind !== 'file') throw new Unbelievable(`the result file ${from} is not a regular file`)
  // A file with holes can claim any size; one file named in two ways counts twice.
  if (entry.size > room) throw new Unbelievable(`the result files are larger than ${job.limits.outputMiB} MiB`)
  if ('size' in wanted && wanted.size !== entry.size) {
    throw new Unbelievable(`the result file ${name} has ${entry.size} bytes, result.json says ${wanted.size}`)
  }
  const hash = createHash('sha256')
  let size = 0
  const path = join(job.outputDirectory, name)
  await writeAtomically(path, async (file) => {
    for await (const chunk of output.read(from, entry.size)) {
      hash.update(chunk)
      size += chunk.length
      await file.writeFile(chunk)
    }
    return path
  })
  const sha256 = hash.digest('hex')
  if ('sha256' in wanted && wanted.sha256 !== sha256) {
    await rm(path, { force: true })
    throw new Unbelievable(`the result file ${name} has another sha-256 than result.json says`)
  }
  return { name, path, size, sha256 }
}
