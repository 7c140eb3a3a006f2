import { basename, resolve } from 'node:path'
import type { Trial, TrialResult } from '../../runtime/tryPackage.js'
import { defineCommand } from '../Command.js'
import { describeOutcome } from '../describeOutcome.js'
import { formatBytes, formatSeconds } from '../format.js'
import {
  address,
  argument,
  bytes32,
  choice,
  integer,
  manyOption,
  namedPath,
  option,
  optionWithDefault,
  text,
} from '../parsers.js'
import { cacheDirectory, contentSource } from '../places.js'

/** Bytes of a package from which on its way into the cache is told. */
const WORTH_SAYING = 64 * 2 ** 20

export const programRun = defineCommand({
  name: 'program run',
  summary: 'Run a package on this machine, as a worker would',
  details:
    'Shows how the program ended, what it used and what it left. A verifier gets the proof as --input proof=<path>; with --verifier a proof goes to it at once. Ends with 1 unless it proved, or accepted the proof.',
  args: { package: argument(text, "sha-256 (hex or CID) of the package's manifest") },
  options: {
    runtime: optionWithDefault(
      'name',
      choice('linux', 'nanos', 'bubblewrap'),
      'linux',
      'linux: a virtual machine; nanos: a unikernel in one; bubblewrap: namespaces, for programs one trusts',
    ),
    accel: optionWithDefault('name', choice('auto', 'kvm', 'tcg'), 'auto', 'how a virtual machine is run'),
    input: manyOption('name=path', namedPath, 'a file that the program sees as /in/<name>; repeat it'),
    arg: manyOption('text', text, 'an argument of the job; repeat it'),
    verifier: option('digest', text, 'a package that judges the proof, with the same inputs'),
    out: option('directory', text, 'where the result files go; by default they are only measured'),
    seconds: optionWithDefault('number', integer(1, 604_800), 600, 'time it may take'),
    memory: option('MiB', integer(16, 1 << 22), 'memory it may have, instead of what its manifest asks for'),
    cores: option('number', integer(1, 512), 'cores it may have, instead of what its manifest asks for'),
    output: option('MiB', integer(1, 1 << 16), 'output it may write, instead of what its manifest asks for'),
    gpu: manyOption('address', text, 'a graphics card to lend to it, for example 0000:01:00.0; repeat it'),
    workload: option('id', bytes32, 'workload that the proof is for; by default zero'),
    prover: option('account', address, 'prover that the proof is for; by default zero'),
  },
  examples: [
    'program run 0x2f…c1 --input public_inputs=./public.bin --out ./result',
    'program run 0x2f…c1 --runtime nanos --input public_inputs=./public.bin --verifier 0x77…0a --json',
  ],
  async run({ args, options, context }) {
    const { createRuntime } = await import('../../runtime/createRuntime.js')
    const { tryPackage } = await import('../../runtime/tryPackage.js')
    const { parseDigest } = await import('../../content/digest.js')
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const cache = cacheDirectory(context.environment)
    const { output: printer, signal } = context
    const digest = parseDigest(args.package)
    const judge = options.verifier === undefined ? undefined : parseDigest(options.verifier)
    const scratch = options.out === undefined ? await mkdtemp(`${tmpdir()}/gevulot-result-`) : undefined
    const outputDirectory = options.out ?? scratch ?? ''
    const { seconds, memory, cores, output, gpu } = options
    const { lentGpus } = await import('../../worker/run/lentGpus.js')
    const common: Omit<Trial, 'package' | 'inputs' | 'outputDirectory'> = {
      runtime: createRuntime(options.runtime, { cacheDirectory: `${cache}/runtime`, accel: options.accel }),
      source: await contentSource(context),
      cacheDirectory: cache,
      args: options.arg,
      signal,
      onProgress: progressNote(printer.note.bind(printer)),
      onLog: byLine((line) => printer.log(`│ ${line}`)),
      ...(options.workload !== undefined && { workload: options.workload }),
      ...(options.prover !== undefined && { prover: options.prover }),
    }
    const inputs = options.input.map(([name, path]) => ({ name, path: resolve(path) }))
    try {
      const results: TrialResult[] = []
      printer.doing(`running ${digest} in ${options.runtime}`)
      const limits = {
        seconds,
        ...(memory !== undefined && { memoryMiB: memory }),
        ...(cores !== undefined && { cores }),
        ...(output !== undefined && { outputMiB: output }),
        ...(gpu.length > 0 && { gpus: await lentGpus({ runtime: options.runtime, gpus: gpu }) }),
      }
      const first = await tryPackage({ ...common, package: digest, inputs, limits, outputDirectory })
      results.push(first)
      const proof = first.outcome.kind === 'ok' ? first.outcome.files.find(({ name }) => name === 'proof') : undefined
      if (judge !== undefined && proof !== undefined) {
        printer.doing(`judging the proof with ${judge}`)
        const given = [...inputs, { name: 'proof', path: proof.path }]
        results.push(
          await tryPackage({ ...common, package: judge, inputs: given, limits: { seconds }, outputDirectory }),
        )
      }
      const good = results.every(({ outcome: { kind } }) => kind === 'ok' || kind === 'valid')
      return {
        json: { runtime: options.runtime, runs: results.map((result) => factsOf(result, options.out)) },
        text: results.flatMap((result) => linesOf(result, options.runtime, options.out, printer.facts.bind(printer))),
        ...(!good && { exit: 'refused' as const }),
      }
    } finally {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
    }
  },
})

/** Says now and then how far a package has come. */
function progressNote(note: (line: string) => void): NonNullable<Trial['onProgress']> {
  let said = 0
  return ({ received, total }) => {
    const tenth = total === undefined || total < WORTH_SAYING ? 0 : Math.floor((10 * received) / total)
    if (tenth > said) note(`fetching: ${formatBytes(received)} of ${formatBytes(total ?? received)}`)
    said = Math.max(said, tenth)
  }
}

/** Hands on whole lines: output comes in pieces of any size. */
function byLine(say: (line: string) => void): (text: string) => void {
  let begun = ''
  return (text) => {
    const lines = (begun + text).split('\n')
    begun = lines.pop() ?? ''
    lines.forEach(say)
  }
}

/** A result for programs; paths only where the files stay. */
function factsOf({ outcome, ...rest }: TrialResult, out: string | undefined): unknown {
  const { usage, log, ...verdict } = outcome
  const files =
    'files' in verdict ? verdict.files.map(({ path, ...file }) => ({ ...file, ...(out && { path }) })) : undefined
  const { name, role, limits, packageBytes } = rest
  return { name, role, ...verdict, ...(files && { files }), usage, limits, packageBytes, log }
}

function linesOf(
  { name, role, limits, packageBytes, outcome }: TrialResult,
  runtime: string,
  out: string | undefined,
  facts: (pairs: readonly (readonly [string, string])[]) => string[],
): string[] {
  const { usage } = outcome
  const of = (used: number | undefined, all: number): string =>
    used === undefined ? 'not measured' : `${used.toFixed(1)} of ${all} MiB`
  const files = outcome.kind === 'ok' ? outcome.files : []
  return facts([
    [role, `${name}: ${describeOutcome(outcome)}`],
    ['started in', `${formatSeconds(usage.startSeconds)}${usage.accel === undefined ? '' : `, ${usage.accel}`}`],
    ['took', `${formatSeconds(usage.wallSeconds)} of ${limits.seconds} s`],
    [
      'processor',
      usage.cpuSeconds === undefined ? 'not measured' : `${formatSeconds(usage.cpuSeconds)} on ${limits.cores} cores`,
    ],
    [
      'memory, most',
      `${of(usage.peakMemoryMiB, limits.memoryMiB)}${runtime === 'nanos' ? ', kernel and machine counted' : ''}`,
    ],
    ['package', formatBytes(packageBytes)],
    ...files.map(
      ({ name: file, size, sha256, path }) =>
        [
          'file',
          `${out === undefined ? file : `${out}/${basename(path)}`}, ${formatBytes(size)}, sha-256 ${sha256}`,
        ] as const,
    ),
  ])
}
