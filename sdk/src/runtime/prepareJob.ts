import { randomBytes } from 'node:crypto'
import { lstat } from 'node:fs/promises'
import { canonicalJson, type LocalFile } from '../content/index.js'
import { FILE_NAME } from '../content/PackageManifest.js'
import { runtimeError } from '../errors/codes/runtime.js'
import type { RunJob } from './Runtime.js'

/** What a runtime puts before the program. */
export interface PreparedJob {
  readonly nonce: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** `/in/job.json` */
  readonly jobJson: Uint8Array
  readonly inputs: readonly (LocalFile & { readonly size: number })[]
  /** `/in/task.json`, for a program made for the file shim: `/out` is its `/workspace` then, with a link to each file of `/in`. */
  readonly taskJson?: Uint8Array
}

/** Names that stand in a workspace from the beginning, as links to `/in`. */
export function workspaceNames({ taskJson, inputs }: PreparedJob): readonly string[] {
  return taskJson === undefined ? [] : ['task.json', ...inputs.map(({ name }) => name)]
}

/**
 * Checks a job against the contract and composes what the program sees of it.
 * @throws GevulotError RUNTIME_JOB_INVALID
 */
export async function prepareJob(job: RunJob): Promise<PreparedJob> {
  const { manifest } = job.package
  const nonce = job.nonce ?? randomBytes(16).toString('hex')
  if (!/^[0-9a-f]{8,128}$/.test(nonce)) throw invalid('the nonce is not 8 to 128 hexadecimal digits')
  if (job.role !== manifest.role)
    throw invalid(`package ${manifest.name} is there to ${manifest.role}, the job is to ${job.role}`)
  const { seconds, gpus = [], ...counts } = job.limits
  if (!(seconds > 0 && seconds <= 7 * 86_400)) throw invalid('limits.seconds is not within a week')
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`limits.${name} is not a positive whole number`)
  }
  const wanted = manifest.resources.gpus ?? 0
  if (gpus.length !== wanted)
    throw invalid(`package ${manifest.name} is for ${wanted} graphics cards, the job lends ${gpus.length}`)
  const inputs = await Promise.all(job.inputs.map(checkInput))
  if (new Set(inputs.map(({ name }) => name)).size !== inputs.length) throw invalid('two inputs have one name')
  return {
    nonce,
    argv: manifest.command === undefined ? manifest.argv : manifest.argv.map((text) => fillIn(text, job.args)),
    env: manifest.env,
    jobJson: Buffer.from(
      canonicalJson({
        schema: 'gevulot/job@1',
        workload: job.workload,
        role: job.role,
        nonce,
        args: job.args,
        prover: job.prover,
      }),
    ),
    inputs,
    ...(manifest.shim && { taskJson: taskJson(nonce, job.args, inputs) }),
  }
}

/** The nonce is the task's id, which the program repeats in its result. */
function taskJson(nonce: string, args: readonly string[], inputs: readonly LocalFile[]): Uint8Array {
  const reserved = inputs.find(({ name }) => name === 'task.json' || name === 'task_result.json')
  if (reserved !== undefined) throw invalid(`an input cannot be named ${reserved.name}`)
  return Buffer.from(canonicalJson({ id: nonce, args, files: inputs.map(({ name }) => name) }))
}

async function checkInput(input: LocalFile): Promise<LocalFile & { readonly size: number }> {
  if (!FILE_NAME.test(input.name) || input.name === 'job.json')
    throw invalid(`an input cannot be named ${JSON.stringify(input.name)}`)
  const info = await lstat(input.path)
  if (!info.isFile()) throw invalid(`the input ${input.name} is not a regular file`)
  return { ...input, size: info.size }
}

/** `{arg:0}` stands for the job's first argument. Filled-in text is not looked at again. */
function fillIn(text: string, args: readonly string[]): string {
  return text.replace(/\{arg:(\d{1,3})\}/g, (_, index: string) => {
    const value = args[Number(index)]
    if (value === undefined) throw invalid(`the program wants argument ${index}, the job has ${args.length}`)
    if (value.includes('\0')) throw invalid(`argument ${index} contains NUL`)
    return value
  })
}

function invalid(message: string): Error {
  return runtimeError('RUNTIME_JOB_INVALID', message)
}
