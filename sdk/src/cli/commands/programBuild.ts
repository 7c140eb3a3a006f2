import type { CommandVerdict } from '../../content/PackageManifest.js'
import { defineCommand } from '../Command.js'
import { formatBytes, formatProgress } from '../format.js'
import { contentStore } from '../places.js'
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

const VERDICTS = ['ok', 'error', 'valid', 'invalid'] as const satisfies readonly CommandVerdict[]

export const programBuild = defineCommand({
  name: 'program build',
  summary: 'Make a package of a program and put it into the store',
  details:
    'The source is an x86-64 ELF, a script for Node.js, or a directory with --entry. Loader and libraries of a dynamic program are found by reading its headers, never by running it, and are packed with it; so is Node.js with a script. The same files give the same digest.',
  args: { source: argument(text, 'the ELF, the script, or the directory') },
  options: {
    role: requiredOption('prove|verify', choice('prove', 'verify'), 'what the program is for'),
    name: option('text', text, 'name in the manifest; by default that of the source, for example my-prover'),
    entry: option('path', text, 'the program or script in the directory, for example bin/prover'),
    arg: manyOption(
      'text',
      text,
      'an argument that every run gets; {arg:0} stands for the first of the job; repeat it',
    ),
    env: manyOption('name=value', namedText, 'a variable that the program sees; it sees no other; repeat it'),
    file: manyOption('path=source', namedPath, 'a further file, which the program sees as /app/<path>; repeat it'),
    library: manyOption('path', text, 'a library that the program opens by itself while it runs; repeat it'),
    node: option('path', text, 'the Node.js to pack with a script; by default the one that runs this command'),
    cores: optionWithDefault('number', integer(1, 512), 1, 'cores that it needs'),
    memory: optionWithDefault('MiB', integer(16, 1 << 22), 512, 'memory that it needs'),
    output: optionWithDefault('MiB', integer(1, 1 << 16), 16, 'room that its output needs'),
    gpus: option('number', integer(1, 16), 'graphics cards that it needs for itself; by default none'),
    commandOutput: manyOption(
      'name=/out/file',
      namedText,
      'for an unmodified tool: a result file that it writes, for example proof=/out/proof; repeat it',
    ),
    commandExit: manyOption(
      'code=verdict',
      verdictOfCode,
      'for an unmodified tool: what an exit code means, ok, error, valid or invalid; repeat it',
    ),
    shim: flag("the program is made for Gevulot's file shim: /workspace/task.json and task_result.json"),
    shimProof: option('file', text, 'with --shim: its file that is the proof; by default the data of its result are'),
    shimValid: option(
      'hex',
      text,
      'with --shim: the data by which a verifier says that a proof is valid, for example 01',
    ),
    label: manyOption('text', text, 'a word of warning for people, kept in the manifest; repeat it'),
  },
  examples: [
    'program build ./build/prover --role prove --memory 2048 --store ./content',
    'program build ./prover.mjs --role prove --file proving.key=./keys/proving.key',
    'program build ./tree --entry bin/python3 --arg /app/prover.py --role prove',
    'program build ./old_prover --role prove --shim --shim-proof proof.bin',
    'program build ./bb --role verify --arg verify --arg -p --arg /in/proof --command-exit 0=valid --command-exit 1=invalid',
  ],
  async run({ args, options, context }) {
    const { buildProgram } = await import('../../content/buildProgram.js')
    const { digestFromHex } = await import('../../content/digest.js')
    const { role, name, arg, env, file, library, cores, memory, output, gpus, label, commandOutput, commandExit } =
      options
    const isCommand = commandOutput.length + commandExit.length > 0
    const store = await contentStore(context)
    let packing = ''
    const { digest, manifest } = await buildProgram(args.source, store, {
      role,
      ...(name !== undefined && { name }),
      ...(options.entry !== undefined && { entry: options.entry }),
      ...(options.node !== undefined && { node: options.node }),
      args: arg,
      env: Object.fromEntries(env),
      files: file.map(([path, source]) => ({ path, source })),
      libraries: library,
      resources: { cores, memoryMiB: memory, outputMiB: output, ...(gpus !== undefined && { gpus }) },
      labels: label,
      ...(options.shim && {
        shim: {
          ...(options.shimProof !== undefined && { proof: options.shimProof }),
          ...(options.shimValid !== undefined && { valid: options.shimValid }),
        },
      }),
      ...(isCommand && {
        command: { outputs: Object.fromEntries(commandOutput), exit: Object.fromEntries(commandExit) },
      }),
      signal: context.signal,
      onFile: (path) => context.output.doing((packing = `packing ${path}`)),
      onProgress: ({ stored, total }) => context.output.progress(`${packing}  ${formatProgress(stored, total)}`),
    })
    const digests = [digest, ...manifest.files.map(({ sha256 }) => digestFromHex(sha256))]
    const uri = await store.uriOf?.(digests, { signal: context.signal })
    const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0)
    return {
      json: { digest, bytes, manifest, ...(uri !== undefined && { uri }) },
      text: [
        ...context.output.facts([
          ['package', digest],
          ['name', `${manifest.name}, to ${manifest.role}`],
          ['starts', manifest.argv.join(' ')],
          [
            'needs',
            `${cores} cores, ${memory} MiB of memory, ${output} MiB of output${gpus === undefined ? '' : `, ${gpus} graphics cards`}`,
          ],
          ['size', `${formatBytes(bytes)} in ${manifest.files.length} files`],
          ['store', store.name],
          ...(uri === undefined ? [] : ([['uri', uri]] as const)),
        ]),
        'Try it:',
        `  gevulot program run ${digest}`,
      ],
    }
  },
})

/** `name=text` */
function namedText(value: string): readonly [name: string, text: string] {
  const at = value.indexOf('=')
  if (at < 1) throw new Error('must be <name>=<text>')
  return [value.slice(0, at), value.slice(at + 1)]
}

/** `0=ok` */
function verdictOfCode(value: string): readonly [code: string, verdict: CommandVerdict] {
  const [code, verdict] = namedText(value)
  return [code, choice(...VERDICTS)(verdict)]
}
