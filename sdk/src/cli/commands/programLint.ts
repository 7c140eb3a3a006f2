import { resolve } from 'node:path'
import type { Finding, LintReport } from '../lint/lintProgram.js'
import { defineCommand } from '../Command.js'
import { formatBytes } from '../format.js'
import type { Output, Tone } from '../Output.js'
import {
  argument,
  choice,
  flag,
  integer,
  manyOption,
  namedPath,
  option,
  optionWithDefault,
  requiredOption,
  text,
} from '../parsers.js'
import { cacheDirectory, contentSource } from '../places.js'

export const programLint = defineCommand({
  name: 'program lint',
  summary: 'Look for what makes proofs of a program forgeable or the program unusable',
  details:
    'Reads both packages; with --input it also proves a sample on this machine and has the proof judged with something changed; with --build it builds twice. Ends with 1 if there is an error, or a warning that is not acknowledged. That nothing is found does not make a program sound.',
  args: { prover: argument(text, "sha-256 (hex or CID) of the prover package's manifest") },
  options: {
    verifier: requiredOption('digest', text, "sha-256 (hex or CID) of the verifier package's manifest"),
    input: manyOption('name=path', namedPath, 'an input file of a sample that can be proven; repeat it'),
    arg: manyOption('text', text, "an argument of the sample's job; repeat it"),
    runtime: optionWithDefault(
      'name',
      choice('linux', 'nanos', 'bubblewrap'),
      'bubblewrap',
      'where the sample runs; bubblewrap is the quickest, and for programs one trusts',
    ),
    bindsProver: flag('it is to be deployed with --binds-prover: a proof must be worth nothing to others'),
    devnet: flag('it is for a devnet, where development parameters are at home'),
    maxRunTime: option('seconds', integer(1, 604_800), 'time that workloads give it'),
    build: option('command', text, 'builds both packages and prints their digests; run twice, in a shell'),
    acknowledged: option('path', text, "the program's lint.json: the reasons for which its warnings are accepted"),
    mutations: optionWithDefault('number', integer(8, 10_000), 24, 'mutated proofs to try'),
    seed: optionWithDefault('number', integer(0, 2 ** 32), 1, 'which mutations: the same seed, the same ones'),
  },
  examples: [
    'program lint 0x2f…c1 --verifier 0x77…0a',
    'program lint 0x2f…c1 --verifier 0x77…0a --input public_inputs=./public.bin --max-run-time 60 --build "npm run build" --acknowledged lint.json',
  ],
  async run({ args, options, context }) {
    const { createRuntime } = await import('../../runtime/createRuntime.js')
    const { parseDigest } = await import('../../content/digest.js')
    const { lintProgram } = await import('../lint/lintProgram.js')
    const { readAcknowledgements } = await import('../lint/readAcknowledgements.js')
    const { input, arg, runtime, bindsProver, devnet, maxRunTime, build, acknowledged, mutations, seed } = options
    const cache = cacheDirectory(context.environment)
    const { output, signal } = context
    let told = 0
    const report = await lintProgram({
      prover: parseDigest(args.prover),
      verifier: parseDigest(options.verifier),
      source: await contentSource(context),
      cacheDirectory: cache,
      runtime: createRuntime(runtime, { cacheDirectory: `${cache}/runtime` }),
      inputs: input.map(([name, path]) => ({ name, path: resolve(path) })),
      args: arg,
      bindsProver,
      devnet,
      mutations,
      seed,
      signal,
      ...(maxRunTime !== undefined && { maxRunTime }),
      ...(build !== undefined && { build }),
      ...(acknowledged !== undefined && { acknowledged: await readAcknowledgements(acknowledged) }),
      onNote: (line) => output.doing(line),
      onProgress: ({ received, total }) => {
        if (received - told < WORTH_SAYING) return
        told = received
        output.doing(`fetching: ${formatBytes(received)} of ${formatBytes(total ?? received)}`)
      },
    })
    const open = report.findings.filter((finding) => finding.acknowledged === undefined)
    return {
      json: { ...report, open: open.length },
      text: linesOf(report, open.length, output),
      ...(open.length > 0 && { exit: 'refused' as const }),
    }
  },
})

/** Bytes of a package from which on its way into the cache is told. */
const WORTH_SAYING = 64 * 2 ** 20

function linesOf(
  { findings, passed, unchecked, unneeded }: LintReport,
  open: number,
  output: Output,
): readonly string[] {
  const line = (tone: Tone, mark: string, text: string): readonly string[] =>
    output.hanging(`${output.paint(tone, mark)}  `, text)
  const found = ({ rule, severity, seen, todo, acknowledged }: Finding): readonly string[] =>
    acknowledged === undefined
      ? [...line(severity === 'error' ? 'bad' : 'strong', severity, `${rule}: ${seen}`), ...output.hanging('  ', todo)]
      : [...line('faint', 'acknowledged', `${rule}: ${seen}`), ...output.hanging('  ', acknowledged)]
  return [
    ...findings.flatMap(found),
    ...passed.flatMap((rule) => line('good', 'passed', rule)),
    ...unchecked.flatMap(({ rule, reason }) => line('faint', 'not checked', `${rule}: ${reason}`)),
    ...unneeded.flatMap((rule) => line('faint', 'no longer needed', `the acknowledgement of ${rule}`)),
    open === 0 ? 'Nothing is open.' : `Open: ${open}.`,
  ]
}
