/**
 * Every example program for itself, as a report: proving and verifying in a sandbox on this machine, where it runs natively, the best of
 * three; once in each virtual machine that works here; and the gas of a transaction that verifies the proof. Targets are the figures of
 * first prototypes of the same statements on two cores.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'

import { buildPackages as buildParity } from '../programs/aztec-parity-base/build.js'
import { AZTEC_TEST } from '../programs/aztec-parity-base/examples.js'
import { makeInputs as parityInputs } from '../programs/aztec-parity-base/inputs.js'
import { buildPackages as buildSpend } from '../programs/aztec-spend/build.js'
import { exampleNote, makeInputs as spendInputs } from '../programs/aztec-spend/inputs.js'
import { buildPackages as buildEd25519 } from '../programs/ed25519/build.js'
import { exampleSignature } from '../programs/ed25519/examples.js'
import { makeInputs as ed25519Inputs } from '../programs/ed25519/inputs.js'
import { buildPackages as buildFilecoin } from '../programs/filecoin/build.js'
import { sampleInputs as filecoinInputs } from '../programs/filecoin/samples.js'
import { PROGRAMS } from '../programs/filecoin/shapes.js'
import { buildPackages as buildGroth16 } from '../programs/groth16-sudoku/build.js'
import { makeInputs as groth16Inputs } from '../programs/groth16-sudoku/inputs.js'
import { buildPackages as buildMarlin } from '../programs/marlin-sudoku/build.js'
import { makeInputs as marlinInputs } from '../programs/marlin-sudoku/inputs.js'
import samples from '../programs/marlin-sudoku/samples.json' with { type: 'json' }
import type { BuiltProgram } from '../programs/support/program.js'
import { runPackage } from '../programs/support/run.js'
import { type ContentStore, DirectoryStore } from '../sdk/src/content/index.js'
import { createRuntime, type RuntimeName } from '../sdk/src/runtime/index.js'
import { type Row, writeReport } from './report.js'
import { BB, type Bare, SNARKJS, verifyingGas } from './verifying.js'

type Inputs = Readonly<Record<string, Uint8Array>> & { readonly public_inputs: Uint8Array }

/** A program with the inputs to run, and what the prototype needed: seconds, MiB, bytes, gas. */
interface Subject {
  readonly build: (options: { readonly store: ContentStore }) => Promise<BuiltProgram>
  readonly inputs: () => Promise<{ readonly files: Inputs }> | { readonly files: Inputs }
  readonly target: { readonly prove: number; readonly memory: number; readonly proof: number; readonly gas: number }
  /** How the prototype's verifier contract is called, where that is not our interface. */
  readonly bare?: Bare
  /** Takes gigabytes, and most of an hour where a processor is emulated. */
  readonly heavy?: true
}

/** The parameters that are the same on every machine. */
const DEVELOPMENT = { variant: 'development', directory: null, download: null } as const
const SUBJECTS: readonly Subject[] = [
  {
    build: buildSpend,
    inputs: () => spendInputs(exampleNote('bench')),
    target: { prove: 0.16, memory: 15, proof: 6464, gas: 713_335 },
    bare: BB,
  },
  {
    build: ({ store }) => buildEd25519({ store, ...DEVELOPMENT }),
    inputs: () => ed25519Inputs(exampleSignature('bench', Buffer.from('a message of the benchmark'))),
    target: { prove: 3.8, memory: 316, proof: 9536, gas: 910_489 },
    bare: BB,
  },
  {
    build: buildFilecoin,
    inputs: () => ({ files: { ...filecoinInputs(PROGRAMS.window).files } }),
    target: { prove: 9.8, memory: 467, proof: 512, gas: 382_368 },
  },
  {
    build: buildGroth16,
    inputs: () => groth16Inputs(samples.example.puzzle),
    target: { prove: 0.5, memory: 173, proof: 256, gas: 221_411 },
    bare: SNARKJS,
  },
  {
    build: buildMarlin,
    inputs: () => marlinInputs(samples.example.puzzle),
    target: { prove: 1.5, memory: 261, proof: 1312, gas: 348_356 },
  },
  {
    build: ({ store }) => buildParity({ store, ...DEVELOPMENT }),
    inputs: () => parityInputs(AZTEC_TEST.batch),
    target: { prove: 73, memory: 3482, proof: 11_072, gas: 1_009_557 },
    bare: BB,
    heavy: true,
  },
]
/** How much slower than on the processor itself a prover may be. Emulation of wide multiplications and of a just-in-time compiler is dear. */
const SLOWER = { kvm: 1.2, tcg: 30 } as const
const HEAVY_BYTES = 6 * 2 ** 30
const SECONDS = 3600
/** No prototype measured a verifier program by itself. */
const VERIFY_TARGET = 1
const RUNS = 3
const CONTEXT = { workload: `0x${'11'.repeat(32)}`, prover: `0x${'22'.repeat(20)}` }

async function measure({ build, inputs, target, bare, heavy }: Subject): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'gevulot-bench-'))
  try {
    const store = new DirectoryStore(join(directory, 'store'))
    const program = await build({ store })
    const { files } = await inputs()
    const runtime = createRuntime('bubblewrap', { cacheDirectory: join(directory, 'runtime') })
    const context = { ...CONTEXT, seconds: SECONDS, cacheDirectory: join(directory, 'packages') }
    let proof: Uint8Array | undefined
    const [prove, verify, memory] = [[], [], []] as [number[], number[], number[]]
    for (let run = 0; run < (heavy ? 1 : RUNS); run += 1) {
      const proved = await runPackage(runtime, program.prover, store, files, context)
      proof = proved.files.get('proof')
      if (proof === undefined) throw new Error(`${program.name}: ${proved.outcome.kind}, ${proved.outcome.log}`)
      const verified = await runPackage(runtime, program.verifier, store, { ...files, proof }, context)
      if (verified.outcome.kind !== 'valid') throw new Error(`${program.name}: the proof is ${verified.outcome.kind}`)
      prove.push(proved.outcome.usage.wallSeconds)
      verify.push(verified.outcome.usage.wallSeconds)
      memory.push(proved.outcome.usage.peakMemoryMiB ?? 0)
    }
    const checked = proof
    if (checked === undefined) throw new Error('nothing was measured')
    const row = (name: string, value: number, unit: string, limit: number): Row => ({
      name: `${program.name}, ${program.variant}: ${name}`,
      value: Math.round(value * 1000) / 1000,
      unit,
      target: limit,
      peer: '–',
    })
    const inMachine = async (name: RuntimeName): Promise<Row[]> => {
      const machine = createRuntime(name, { cacheDirectory: join(directory, 'runtime'), workDirectory: directory })
      const check = await machine.check()
      const why = check.available
        ? heavy && check.details['accel'] !== 'kvm' && process.env['BENCH_HEAVY'] === undefined
          ? 'half an hour of an emulated processor (BENCH_HEAVY=1 measures it)'
          : undefined
        : check.reason
      if (why !== undefined) {
        console.log(`SKIP ${program.name} in ${name}: ${why}`)
        return []
      }
      const proved = await runPackage(machine, program.prover, store, files, context)
      const made = proved.files.get('proof')
      if (made === undefined)
        throw new Error(`${program.name} in ${name}: ${proved.outcome.kind}, ${proved.outcome.log}`)
      const verified = await runPackage(machine, program.verifier, store, { ...files, proof: made }, context)
      if (verified.outcome.kind !== 'valid') throw new Error(`${program.name} in ${name}: ${verified.outcome.kind}`)
      const { accel = 'tcg', wallSeconds, peakMemoryMiB = 0 } = proved.outcome.usage
      const factor = SLOWER[accel]
      const { memoryMiB } = program.prover.manifest.resources
      return [
        row(`prove in ${name} (${accel})`, wallSeconds, 's', target.prove * factor),
        row(`memory in ${name}`, peakMemoryMiB, 'MiB', memoryMiB),
        row(`verifier program in ${name} (${accel})`, verified.outcome.usage.wallSeconds, 's', VERIFY_TARGET * factor),
      ]
    }
    const verifying = await verifyingGas(program.contract, CONTEXT, files.public_inputs, checked, bare)
    return [
      row('prove', Math.min(...prove), 's', target.prove),
      row('memory', Math.max(...memory), 'MiB', target.memory),
      row('proof', checked.length, 'bytes', target.proof),
      row('verifier program', Math.min(...verify), 's', VERIFY_TARGET),
      row('verifying transaction', verifying.gas, 'gas', target.gas + verifying.binding),
      ...(verifying.bare === undefined
        ? []
        : [row("verifying transaction, called as the prototype's is", verifying.bare, 'gas', target.gas)]),
      ...(await inMachine('linux')),
      ...(await inMachine('nanos')),
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const rows: Row[] = []
for (const subject of SUBJECTS) {
  if (subject.heavy && freemem() < HEAVY_BYTES) console.log('SKIP of the heaviest program: it wants 6 GiB of memory')
  else rows.push(...(await measure(subject)))
}
writeReport(rows)
