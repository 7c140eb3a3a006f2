import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Address, ProgramId, WorkloadId } from '../../chain/hex.js'
import { readEvents } from '../../chain/readEvents.js'
import { fetchProofOf } from '../../client/fetchProof.js'
import type { GevulotClient } from '../../client/createClient.js'
import type { Workload } from '../../client/Workload.js'
import type { ContentStore } from '../../content/ContentStore.js'
import { parseDigest } from '../../content/digest.js'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { cliError } from '../../errors/codes/cli.js'
import { GevulotError } from '../../errors/GevulotError.js'

/** What {@link archiveProofs} is asked for. */
export interface ArchiveOptions {
  /** Where it keeps what it knows; of one run at a time. */
  readonly directory: string
  /** Where proofs and public inputs go. */
  readonly store: ContentStore
  /** Only workloads of this account, of this program. An archive keeps to what it was begun with. */
  readonly requester?: Address
  readonly program?: ProgramId
  /** Only this workload, whatever the archive is of. */
  readonly workload?: WorkloadId
  /** Every valid proof, not the best alone; of what was archived before too. */
  readonly all: boolean
  /** Whether copies that are there are read again and held against their digests. */
  readonly check: boolean
  /** Blocks that must lie above the end of a workload. */
  readonly depth: number
  readonly signal: AbortSignal
  /** Told of each workload that was looked at. */
  readonly onWorkload?: (workload: WorkloadId, result: 'archived' | 'kept' | 'missing', why?: string) => void
}

/** What a run has done. */
export interface ArchiveResult {
  readonly archived: readonly WorkloadId[]
  /** Copies that were there already. */
  readonly kept: number
  /** Proofs that no store holds now; the next run asks again. */
  readonly missing: readonly WorkloadId[]
  /** Block up to which ends of workloads are known; undefined for a single workload. */
  readonly block?: number
}

const digest = z.string().regex(/^0x[0-9a-f]{64}$/)
const copy = z.strictObject({ digest, size: z.number().int().nonnegative() })

const record = z.strictObject({
  schema: z.literal('gevulot/archived-proofs@1'),
  workload: digest,
  program: digest,
  requester: z.string(),
  publicInputs: copy,
  /** Whether every valid proof was asked for; records of older versions do not tell. */
  all: z.boolean().optional(),
  proofs: z
    .array(copy.extend({ seat: z.number(), operator: z.string().nullable(), transaction: digest.nullable() }))
    .min(1),
})

type ArchiveRecord = z.output<typeof record>

const stateShape = z.strictObject({
  schema: z.literal('gevulot/archive@1'),
  chainId: z.number(),
  market: z.string(),
  requester: z.string().nullable(),
  program: z.string().nullable(),
  /** First block that was not read. */
  next: z.number(),
  /** Workloads that were not over. */
  open: z.array(digest),
  /** Workloads of which a proof could not be had. */
  missing: z.array(digest),
})
type State = z.output<typeof stateShape>

/**
 * Keeps copies of proofs: every workload that ended with one, from where the run before came to. Each proof is checked against the chain before it
 * is stored; a workload whose copies are there is not fetched again, so a run may be stopped at any moment.
 * @throws GevulotError CLI_ARCHIVE_OTHER, `CHAIN_*`, CONTENT_DISK_FULL; the reason of `signal`
 */
export async function archiveProofs(client: GevulotClient, options: ArchiveOptions): Promise<ArchiveResult> {
  await mkdir(join(options.directory, 'workloads'), { recursive: true })
  const result = { archived: [] as WorkloadId[], kept: 0, missing: [] as WorkloadId[] }
  const look = async (workload: WorkloadId): Promise<void> => {
    options.signal.throwIfAborted()
    try {
      if (await archiveOne(client, workload, options)) {
        result.archived.push(workload)
        options.onWorkload?.(workload, 'archived')
      } else {
        result.kept++
        options.onWorkload?.(workload, 'kept')
      }
    } catch (error) {
      options.signal.throwIfAborted()
      if (!isOfProof(error)) throw error
      result.missing.push(workload)
      options.onWorkload?.(workload, 'missing', error.message)
    }
  }
  if (options.workload !== undefined) {
    await look(options.workload)
    return result
  }
  const before = await readState(client, options)
  const { state, due } = await follow(client, before, options)
  for (const workload of due) await look(workload)
  await writeState(options.directory, { ...state, missing: result.missing })
  return { ...result, block: state.next - 1 }
}

/** What ended with a proof since the state was written, and what could not be had then. */
async function follow(client: GevulotClient, state: State, { depth, signal, check, all, directory }: ArchiveOptions) {
  const { contracts } = client
  const last = (await contracts.provider.getBlockNumber()) - depth
  const open = new Set(state.open)
  const due = new Set(state.missing)
  if (check || all) {
    for (const workload of await recorded(directory))
      if (check || (await readRecord(directory, workload))?.all !== true) due.add(workload)
  }
  const range = { fromBlock: state.next, toBlock: last }
  for await (const event of readEvents(contracts, { names: ['Submitted', 'Finished'], signal, ...range })) {
    if (event.name === 'Submitted') {
      const { workload, requester, program } = event.args
      const isWanted =
        (state.requester === null || state.requester === requester) &&
        (state.program === null || state.program === program)
      if (isWanted) open.add(workload)
    } else if (event.name === 'Finished' && open.delete(event.args.workload) && event.args.outcome === 'Proven') {
      due.add(event.args.workload)
    }
  }
  return {
    state: { ...state, next: Math.max(state.next, last + 1), open: [...open] },
    due: [...due] as WorkloadId[],
  }
}

/** @returns Whether anything had to be fetched. */
async function archiveOne(client: GevulotClient, id: WorkloadId, options: ArchiveOptions): Promise<boolean> {
  const { directory, store, signal } = options
  const known = await readRecord(directory, id)
  // What every proof was kept of stays so.
  const all = options.all || known?.all === true
  if (known !== undefined && (known.all === true || !all) && (await isWhole(known, options))) return false
  const workload = await client.getWorkload({ workload: id, signal })
  const valid = workload.slots.filter(({ status }) => status === 'valid').map(({ seat }) => seat)
  // Where there is none, asking for the best one says so.
  const seats = all && valid.length > 0 ? valid : [undefined]
  const proofs: ArchiveRecord['proofs'] = []
  let publicInputs: z.output<typeof copy> | undefined
  for (const seat of seats) {
    const proof = await fetchProofOf(client, workload, { ...(seat !== undefined && { seat }), signal })
    proofs.push({
      ...(await store.put(proof.proof, { signal })),
      ...{ seat: proof.seat, operator: proof.operator ?? null, transaction: proof.transaction ?? null },
    })
    publicInputs ??= await store.put(proof.publicInputs, { signal })
  }
  if (publicInputs === undefined) throw new RangeError('one seat is asked for at least')
  await writeJson(recordPath(directory, id), recordOf(workload, publicInputs, all, proofs))
  return true
}

function recordOf(
  { workload, spec }: Workload,
  publicInputs: z.output<typeof copy>,
  all: boolean,
  proofs: ArchiveRecord['proofs'],
): ArchiveRecord {
  const { program, requester } = spec
  return { schema: 'gevulot/archived-proofs@1', workload, program, requester, publicInputs, all, proofs }
}

/** Whether a workload's copies are there; with `check`, whether they are what they should be. */
async function isWhole(
  { publicInputs, proofs }: ArchiveRecord,
  { store, check, signal }: ArchiveOptions,
): Promise<boolean> {
  for (const { digest: of, size } of [publicInputs, ...proofs]) {
    const name = parseDigest(of)
    if (!check) {
      if (!(await store.has(name, { signal }))) return false
      continue
    }
    try {
      await store.get(name, { maxBytes: size, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!isOfProof(error)) throw error
      return false
    }
  }
  return true
}

/** Whether an error is about one proof, and says nothing about the next. */
function isOfProof(error: unknown): error is GevulotError {
  if (!(error instanceof GevulotError) || error.code === 'CONTENT_DISK_FULL') return false
  return error.code.startsWith('CONTENT_') || error.code.startsWith('CLIENT_')
}

async function recorded(directory: string): Promise<readonly WorkloadId[]> {
  const names = await readdir(join(directory, 'workloads'))
  return names.flatMap((name) => /^(0x[0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []) as WorkloadId[]
}

/** What was archived of a workload; undefined also for what cannot be read. */
async function readRecord(directory: string, workload: WorkloadId): Promise<ArchiveRecord | undefined> {
  return record.safeParse(await readJson(recordPath(directory, workload))).data
}

async function readState(client: GevulotClient, { directory, requester, program }: ArchiveOptions): Promise<State> {
  const { chainId, addresses, fromBlock } = client.contracts
  const about = { chainId, market: addresses.market, requester: requester ?? null, program: program ?? null }
  const path = statePath(directory)
  const json = await readJson(path)
  if (json === undefined) return { schema: 'gevulot/archive@1', ...about, next: fromBlock, open: [], missing: [] }
  const { success, data } = stateShape.safeParse(json)
  if (!success) throw cliError('CLI_FILE_UNREADABLE', `${path} is not an archive`)
  const other = (Object.keys(about) as (keyof typeof about)[]).find((name) => data[name] !== about[name])
  if (other !== undefined) {
    throw cliError('CLI_ARCHIVE_OTHER', `${directory} is an archive of ${other} ${String(data[other])}, not ${String(about[other])}`) // prettier-ignore
  }
  return data
}

async function writeState(directory: string, state: State): Promise<void> {
  await writeJson(statePath(directory), state)
}

function statePath(directory: string): string {
  return join(directory, 'archive.json')
}

function recordPath(directory: string, workload: WorkloadId): string {
  return join(directory, 'workloads', `${workload}.json`)
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (error instanceof SyntaxError) return null
    throw error
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeAtomically(path, async (file) => {
    await file.chmod(0o644)
    await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`)
    return path
  })
}
