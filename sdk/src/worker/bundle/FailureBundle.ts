import { z } from 'zod'

const hex32 = z.string().regex(/^0x[0-9a-f]{64}$/)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const digest = z.string().min(1).max(200)
const seconds = z.number().nonnegative()

/** What a failure bundle says, `bundle.json`. Content is beside it, by digest, in `content/`; the program's output is `log.txt`. */
export const failureBundle = z.object({
  format: z.literal('gevulot-failure-bundle'),
  version: z.literal(1),
  /** When the run ended, ISO 8601. */
  at: z.string(),
  chainId: z.int(),
  workload: hex32,
  /** Account the proof was to be made for. */
  prover: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  program: z.object({
    id: hex32,
    package: digest,
    /** Contract that judges proofs; zero where a program does. */
    verifier: z.string(),
    verifierPackage: digest,
    /** Where the chain says the content is. */
    uris: z.array(z.string()),
  }),
  inputs: z.object({
    digest,
    /** keccak-256 of the public inputs. */
    publicInputs: hex32,
    args: z.array(z.string()),
    files: z.array(z.object({ name: z.string(), size: z.int().nonnegative(), sha256 })),
  }),
  run: z.object({
    runtime: z.enum(['nanos', 'linux', 'bubblewrap']),
    limits: z.object({
      seconds,
      cores: z.int(),
      memoryMiB: z.int(),
      outputMiB: z.int(),
      logBytes: z.int(),
      /** Cards that were lent. */
      gpus: z.int(),
    }),
    /** How the program ended, as the runtime told. */
    ended: z.looseObject({ kind: z.string() }),
    usage: z.looseObject({ wallSeconds: seconds }),
    /** sha-256 of the proof, if it made one. */
    proof: sha256.optional(),
  }),
  /** Why the proof was refused, if it was. */
  refused: z.string().optional(),
  versions: z.object({ sdk: z.string(), node: z.string(), system: z.string() }),
  /** Those fields of the worker's configuration that a run depends on; no secret and no place is among them. */
  config: z.record(z.string(), z.unknown()),
  /** What is in `content/`: all that a rerun needs, or nothing because it is larger than `bundleMiB`. */
  content: z.enum(['whole', 'none']),
})

/** A failure bundle. */
export type FailureBundle = z.output<typeof failureBundle>

/** Name of the file in the bundle's directory. */
export const BUNDLE_FILE = 'bundle.json'
/** Name of the directory with the content. */
export const BUNDLE_CONTENT = 'content'
