import { resolve } from 'node:path'
import type { RunOutcome } from '../../runtime/RunOutcome.js'
import { defineCommand } from '../Command.js'
import { describeOutcome } from '../describeOutcome.js'
import { formatSeconds } from '../format.js'
import { argument, choice, integer, option, optionWithDefault, text } from '../parsers.js'
import { cacheDirectory, contentSource } from '../places.js'

export const proverRerun = defineCommand({
  name: 'prover rerun',
  summary: 'Run a failure bundle again, and compare',
  details:
    'A worker leaves a bundle of each run that failed, or whose proof was refused, in bundles/ of its data directory. The run is made again on this machine, without a chain, with the same limits. Ends with exit code 3 when it comes out differently. Content that the bundle does not hold is looked for in the store of the settings.',
  args: { bundle: argument(text, 'directory of the bundle') },
  options: {
    runtime: option('name', choice('linux', 'nanos', 'bubblewrap'), 'what it runs in; by default what it ran in'),
    accel: optionWithDefault('name', choice('auto', 'kvm', 'tcg'), 'auto', 'how a virtual machine is run'),
    out: option('directory', text, 'where inputs and results go; by default they are removed'),
    seconds: option('number', integer(1, 604_800), 'time it may take, instead of what it had'),
    memory: option('MiB', integer(16, 1 << 22), 'memory it may have, instead of what it had'),
  },
  examples: [
    'prover rerun /var/lib/gevulot/bundles/2026-11-29T02-10-00-000Z-41aa00bb22cc',
    'prover rerun ./bundle --runtime nanos --memory 4096 --json',
  ],
  async run({ args, options, context }) {
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const { createRuntime } = await import('../../runtime/createRuntime.js')
    const { readBundle, rerunBundle } = await import('../../worker/bundle/rerunBundle.js')
    const { output, signal } = context
    const directory = resolve(args.bundle)
    const known = await readBundle(directory)
    const runtime = options.runtime ?? known.run.runtime
    const { store } = await context.settings()
    const scratch = options.out === undefined ? await mkdtemp(`${tmpdir()}/gevulot-rerun-`) : undefined
    const cache = cacheDirectory(context.environment)
    output.doing(`running ${known.program.package} in ${runtime}`)
    try {
      const { bundle, run, verdict, sameEnd, sameProof } = await rerunBundle({
        bundle: directory,
        runtime: createRuntime(runtime, { cacheDirectory: `${cache}/runtime`, accel: options.accel }),
        cacheDirectory: cache,
        workDirectory: resolve(options.out ?? scratch ?? ''),
        signal,
        limits: {
          ...(options.seconds !== undefined && { seconds: options.seconds }),
          ...(options.memory !== undefined && { memoryMiB: options.memory }),
        },
        ...(store !== undefined && { source: await contentSource(context) }),
      })
      const before = { ...bundle.run.ended, usage: bundle.run.usage, log: '' } as unknown as RunOutcome
      const { usage, log, ...ended } = run.outcome
      const refused = bundle.refused === undefined ? [] : [['then', `refused: ${bundle.refused}`] as const]
      return {
        json: {
          runtime,
          workload: bundle.workload,
          before: bundle.run,
          now: { ended, usage },
          verdict,
          sameEnd,
          sameProof,
          log,
        },
        text: output.facts([
          ['workload', bundle.workload],
          ['in', `${bundle.run.runtime}, now in ${runtime}`],
          ['then', `${describeOutcome(before)}, after ${formatSeconds(before.usage.wallSeconds)}`],
          ...refused,
          ['now', `${describeOutcome(run.outcome)}, after ${formatSeconds(usage.wallSeconds)}`],
          ...(verdict === undefined ? [] : [['now', describeOutcome(verdict.outcome)] as const]),
          ['the same', output.paint(sameEnd ? 'good' : 'bad', sameEnd ? 'yes' : 'no')],
          ...(sameProof === undefined ? [] : [['same proof', sameProof ? 'yes' : 'no'] as const]),
        ]),
        exit: sameEnd ? 'ok' : 'disagrees',
      }
    } finally {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
    }
  },
})
