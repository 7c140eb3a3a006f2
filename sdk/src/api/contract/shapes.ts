import { z } from 'zod'

/** 32 bytes. */
export const bytes32 = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'must be 0x and 64 hexadecimal digits')
  .transform((text) => text.toLowerCase() as `0x${string}`)
  .meta({ description: '32 bytes as 0x and 64 hexadecimal digits' })

/** An amount of token units. */
export const amount = z
  .string()
  .regex(/^(0|[1-9]\d{0,38})$/, 'must be token units (10^-18) as decimal text')
  .meta({ description: 'token units (10^-18 of a token) as decimal text' })

/** A whole number in a path or a query. */
export function queryInteger(least: number, most: number) {
  return z.coerce.number<string | number>().int().min(least).max(most)
}

const seconds = z.number().int().min(1).max(86_400)
const redundancy = z.number().int().min(1).max(8)

/** What one asks for. */
export const terms = {
  program: bytes32,
  maxRunTime: seconds.meta({ description: 'seconds from the draw until commits close' }),
  redundancy: redundancy.default(1).meta({ description: 'ranked proofs paid for' }),
} as const

const MAX_FILES = 64
const MAX_TEXT = 4_096

/** Input files and arguments, as they come in a body. */
export const inputFiles = {
  args: z
    .array(
      z
        .string()
        .max(MAX_TEXT)
        .refine((text) => !/\p{Surrogate}/u.test(text), 'must be well-formed Unicode'),
    )
    .max(MAX_FILES)
    .default([]),
  files: z
    .record(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/), z.base64())
    .refine((files) => Object.keys(files).length <= MAX_FILES, `at most ${MAX_FILES} files`)
    .refine((files) => Object.hasOwn(files, 'public_inputs'), 'one of the files is called public_inputs')
    .meta({ description: 'contents in base64 by name; one is called public_inputs' }),
} as const

/** Input files in the request, or inputs that are published already. */
export const inputs = z.union([
  z.strictObject(inputFiles),
  z.strictObject({
    digest: bytes32.meta({ description: 'sha-256 of an inputs manifest that is published' }),
    publicInputs: bytes32.meta({ description: 'keccak-256 of the public inputs' }),
    uri: z
      .url({ protocol: /^https?$/ })
      .max(1_024)
      .optional(),
  }),
])

const slot = z.object({
  seat: z.number(),
  operator: z.string().nullable(),
  slot: z.union([z.number(), z.literal('open')]),
  status: z.string(),
  rank: z.number().nullable(),
  paid: amount.nullable(),
  proofDigest: z.string().nullable(),
  /** What it committed to, as decimal text; null before. */
  commitment: z.string().nullable(),
  /** Order of the commits, from 0. */
  order: z.number().nullable(),
})

/** A workload as the chain has it now. */
export const workload = z
  .object({
    workload: z.string(),
    status: z.enum([
      ...['pending', 'proving', 'revealing', 'verifying', 'settleable', 'proven', 'expired', 'cancelled'],
    ] as const),
    /** Why it expired. */
    reason: z.string().nullable(),
    /** How it will end, once only the settlement is missing. */
    outcome: z.string().nullable(),
    program: z.string(),
    requester: z.string(),
    fee: amount,
    maxRunTime: z.number(),
    redundancy: z.number(),
    submittedBlock: z.number(),
    /** Unix time of the last second for commits, while provers work. */
    deadline: z.number().nullable(),
    slots: z.array(slot),
    /** Where the fee went, once it is final. */
    ledger: z.object({ paid: amount, refunded: amount, burned: amount }).nullable(),
    /** Block this was read at, and its Unix time. */
    block: z.number(),
    time: z.number(),
  })
  .meta({ id: 'Workload' })

/** A request that the server accepted and submits on behalf of a key. */
export const request = z
  .object({
    request: z.string(),
    state: z.enum(['accepted', 'submitted', 'refused', 'cancelled']).meta({
      description:
        'accepted: stored, will be submitted. submitted: it is a workload. refused: see error. cancelled: before it was submitted',
    }),
    /** Whether a cancel of the workload was asked for. */
    cancelling: z.boolean(),
    /** Whether its commits are to be closed. */
    releasing: z.boolean(),
    program: z.string(),
    fee: amount,
    maxRunTime: z.number(),
    redundancy: z.number(),
    inputs: z.string(),
    label: z.string().nullable(),
    jobs: z.number(),
    workload: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    /** Unix milliseconds. */
    createdAt: z.number(),
  })
  .meta({ id: 'Request' })

/** Every error. */
export const problem = z
  .object({
    error: z.object({ code: z.string(), message: z.string(), hint: z.string(), retryable: z.boolean() }),
  })
  .meta({ id: 'Problem' })
