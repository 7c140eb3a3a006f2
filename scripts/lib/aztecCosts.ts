/** What an epoch of Aztec needs under each bundling policy: computed of the bench's figures, the protocol's sizes and the market's terms. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { planBundles } from '../../sdk/src/aztec/adapter/planBundles.js'
import type { Lane } from '../../sdk/src/aztec/adapter/Lane.js'
import { factsOf, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import { standard } from '../../sdk/src/deploy/parameters.js'
import { root } from './artifacts.js'

export const aztecCostsPath = join(root, 'docs/aztec-costs.md')

/** An epoch: 32 checkpoints of six blocks of twelve private transactions, one a second. */
const CHECKPOINTS = 32
const BLOCKS = 6
const TRANSACTIONS = 12

/** How many jobs of each type it has, bytes of the inputs of one, and gates of its circuit in millions. */
const JOBS: Readonly<
  Partial<Record<JobTypeName, { readonly count: number; readonly bytes: number; readonly gates: number }>>
> = {
  PRIVATE_TX_BASE_ROLLUP: { count: CHECKPOINTS * BLOCKS * TRANSACTIONS, bytes: 410_422, gates: 3.95 },
  // A block's root takes two: all others are merged.
  TX_MERGE_ROLLUP: { count: CHECKPOINTS * BLOCKS * (TRANSACTIONS - 2), bytes: 55_000, gates: 1.58 },
  BLOCK_ROOT_FIRST_ROLLUP: { count: CHECKPOINTS, bytes: 74_785, gates: 2.39 },
  BLOCK_ROOT_ROLLUP: { count: CHECKPOINTS * (BLOCKS - 1), bytes: 51_770, gates: 1.59 },
  BLOCK_MERGE_ROLLUP: { count: CHECKPOINTS * (BLOCKS - 2), bytes: 55_000, gates: 1.58 },
  PARITY_BASE: { count: CHECKPOINTS * 4, bytes: 8_224, gates: 2.27 },
  PARITY_ROOT: { count: CHECKPOINTS, bytes: 88_588, gates: 3.13 },
  CHECKPOINT_ROOT_ROLLUP: { count: CHECKPOINTS, bytes: 840_078, gates: 5.39 },
  CHECKPOINT_MERGE_ROLLUP: { count: CHECKPOINTS - 2, bytes: 55_718, gates: 1.58 },
  ROOT_ROLLUP: { count: 1, bytes: 55_718, gates: 13 },
}
const TYPES = Object.keys(JOBS) as readonly JobTypeName[]

/** The policies that are compared: a name, and what of a lane they change. */
const POLICIES: readonly (readonly [string, Partial<Lane>])[] = [
  ['a workload for each job', { bundleJobs: 1 }],
  ['4 jobs', { bundleJobs: 4 }],
  ['16 jobs (the default)', { bundleJobs: 16 }],
  ['64 jobs', { bundleJobs: 64, bundleSeconds: 86_400 }],
  ['120 seconds of proving', { bundleJobs: 512, bundleSeconds: 120 }],
  ['16 MiB of inputs', { bundleJobs: 512, bundleSeconds: 86_400, bundleBytes: 16 * 2 ** 20 }],
]

const LANE: Lane = {
  ...{ program: `0x${'00'.repeat(32)}` as Lane['program'], types: TYPES, bundleJobs: 16, bundleBytes: 32 * 2 ** 20 },
  ...{
    bundleSeconds: 300,
    bundleWaitMs: 0,
    pace: 1,
    spareSeconds: 120,
    maxRunTime: 1_800,
    redundancy: 1,
    feePercent: 100,
  },
}

interface Figure {
  readonly name: string
  readonly value: number
}

function gasOf(name: string): number {
  const report = JSON.parse(readFileSync(join(root, 'bench/report.json'), 'utf8')) as readonly Figure[]
  const found = report.find((figure) => figure.name === name)
  if (found === undefined) throw new Error(`bench/report.json has no ${name}`)
  return found.value
}

/** `docs/aztec-costs.md` as it must be. */
export function aztecCostsPage(): string {
  const waiting = TYPES.flatMap((type) =>
    Array.from({ length: JOBS[type]?.count ?? 0 }, (_, index) => ({
      ...{ id: `${type}${index}`, type, epoch: 1, input_bytes: JOBS[type]?.bytes ?? 0, created_at: index },
    })),
  )
  const seconds = waiting.reduce((sum, { type }) => sum + factsOf(type).cost / 1000, 0)
  const bytes = waiting.reduce((sum, { input_bytes }) => sum + input_bytes, 0)
  const alone = gasOf('one proof, redundancy 1, whole life')
  const batched = gasOf('32 workloads of redundancy 1 in batches, each, whole life')
  // A class's terms are in gwei of the token.
  const { minimumFee, minimumRate } = standard.classes[0] ?? { minimumFee: 0, minimumRate: 0 }
  const rows = POLICIES.map(([name, changes]) => {
    const lane = { ...LANE, ...changes }
    const bundles = planBundles(waiting, lane, 10_000)
    const longest = Math.max(...bundles.map((jobs) => costOf(jobs)))
    const fee = bundles.reduce((sum, jobs) => {
      const runTime = Math.min(lane.maxRunTime, Math.ceil(costOf(jobs)) + lane.spareSeconds)
      return sum + Math.max(minimumFee, minimumRate * runTime) / 1e9
    }, 0)
    const gas = (each: number): string => `${((bundles.length * each) / 1e6).toFixed(0)} M`
    return `| ${name} | ${number(bundles.length)} | ${gas(alone)} | ${gas(batched)} | ${fee.toFixed(2)} | ${longest.toFixed(0)} s |`
  })
  const types = TYPES.map((type) => {
    const { count = 0, bytes: size = 0, gates = 0 } = JOBS[type] ?? {}
    return `| ${type} | ${number(count)} | ${gates} M | ${(factsOf(type).cost / 1000).toFixed(1)} s | ${((count * size) / 2 ** 20).toFixed(1)} MiB |`
  })
  return `# What an epoch of Aztec costs

Written by \`npm run gen\` of [bench/report.json](../bench/report.json), the sizes of Aztec 4.1.2's jobs, the published costs of its circuits and the
standard terms of a class. The epoch is ${CHECKPOINTS} checkpoints of ${BLOCKS} blocks of ${TRANSACTIONS} private transactions, one a second: ${number(waiting.length)} jobs, ${number(Math.round(seconds))}
seconds of proving by Aztec's own figures (several of which it marks as to be determined), ${(bytes / 2 ** 20).toFixed(0)} MiB of inputs. Public transactions are not in it: each adds a
virtual machine's proof of 180 s and 3.5 to 7 MB of inputs.

| A workload holds | Workloads | Gas, each on its own | Gas, in batches of 32 | Fees, tokens | Longest run |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

Gas is that of a whole life with redundancy 1 and a mock verifier contract (${number(alone)}; ${number(batched)} in batches). **It is a lower bound**: jobs are judged by a
committee, whose verdict the bench does not measure yet. The requester itself pays the submission (${number(gasOf('submit'))} a workload) and the release; provers, keepers and
validators pay the rest out of what they earn. Fees are the least the class asks for. The longest run is that of one prover which proves the jobs of a workload one
after the other at Aztec's own pace: a larger bundle is cheaper and later.

## What it takes to prove it

| Type | Jobs | Gates | One takes | Inputs together |
| --- | --- | --- | --- | --- |
${types.join('\n')}

Divided by the ${Math.round((CHECKPOINTS * BLOCKS * TRANSACTIONS) / 60)} minutes that such an epoch lasts, ${number(Math.round(seconds))} seconds are ${Math.ceil(seconds / (CHECKPOINTS * BLOCKS * TRANSACTIONS))} machines that do nothing else. Aztec asks of an agent 32 cores and 128 GB. What was measured by us: \`bb gates\` of
ROOT_ROLLUP alone needs 40 s and 6.2 GB on two cores, a proof of PARITY_BASE 45 s and 3.9 GB. Nothing above that was proven here.
`
}

function costOf(jobs: readonly { readonly type: JobTypeName }[]): number {
  return jobs.reduce((sum, { type }) => sum + factsOf(type).cost / 1000, 0)
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
