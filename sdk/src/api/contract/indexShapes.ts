import { z } from 'zod'
import { amount, queryInteger } from './shapes.js'

const time = z.number().meta({ description: 'Unix seconds' })
const share = z.number().min(0).max(1)

/** An account. */
export const account = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hexadecimal digits')
  .meta({ description: 'an account as 0x and 40 hexadecimal digits' })

/** Paging of lists that are in the order of the chain. */
export const page = {
  limit: queryInteger(1, 100).default(25),
  cursor: z
    .string()
    .regex(/^\d{1,10}\.\d{1,6}$/, 'must be the `next` of an answer')
    .optional(),
}

/** Where the index stands. */
export const indexHead = z.object({ block: z.number(), time })

/** A status by the acts on chain: `expired` is any end without a proof. */
export const LIST_STATUSES = ['pending', 'proving', 'revealing', 'proven', 'expired', 'cancelled'] as const

/** A workload in a list. */
export const workloadSummary = z
  .object({
    workload: z.string(),
    status: z.enum(LIST_STATUSES).meta({
      description: 'by the acts on chain: `revealing` from the close of commits until it is settled',
    }),
    /** How it ended. */
    outcome: z.string().nullable(),
    program: z.string(),
    requester: z.string(),
    class: z.number(),
    fee: amount,
    maxRunTime: z.number(),
    redundancy: z.number(),
    submittedAt: time,
    assignedAt: time.nullable(),
    closedAt: time.nullable(),
    finishedAt: time.nullable(),
    commits: z.number(),
    /** Ranks that were paid. */
    ranks: z.number(),
    ...{ paid: amount, refunded: amount, burned: amount },
  })
  .meta({ id: 'WorkloadSummary' })

/** An event of a workload, in the words of the contracts. */
export const storyStep = z
  .object({
    ...{ contract: z.string(), name: z.string(), time, block: z.number(), transaction: z.string() },
    /** Amounts as decimal text. */
    args: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'StoryStep' })

/** How long provers took, from the draw to the commit, in seconds. */
export const runTimes = z
  .object({
    count: z.number(),
    ...{ least: z.number().nullable(), p50: z.number().nullable(), p90: z.number().nullable() },
    most: z.number().nullable(),
    /** Proofs by time, in bars of the same width; the last one holds what took longer. */
    bars: z.array(z.object({ from: z.number(), to: z.number(), count: z.number() })),
  })
  .meta({ id: 'RunTimes' })

/** What became of workloads. */
export const workloadCounts = z.object({
  ...{ workloads: z.number(), open: z.number(), proven: z.number(), expired: z.number(), cancelled: z.number() },
  fees: amount,
})

/** A program in a list. */
export const programSummary = workloadCounts
  .extend({
    ...{ program: z.string(), class: z.number(), deployer: z.string(), deployedAt: time, uri: z.string() },
    ...{ judged: z.boolean(), bindsProver: z.boolean() },
    /** Median run time in seconds. */
    runTime: z.number().nullable(),
  })
  .meta({ id: 'ProgramSummary' })

/** What an operator did and got. */
export const operatorSummary = z
  .object({
    operator: z.string(),
    ...{ seats: z.number(), active: z.number() },
    /** All of `ranked`, `waiting`, `judging` and `rewards`. */
    earned: amount,
    ...{ ranked: amount, waiting: amount, judging: amount, rewards: amount },
    /** Slots it was drawn for or took, and how they ended. */
    slots: z.number(),
    ...{ proofs: z.number(), invalid: z.number(), declined: z.number(), failed: z.number(), missed: z.number() },
    /** Slots that were reported silent. */
    silent: z.number(),
    ...{ slashes: z.number(), slashed: amount },
  })
  .meta({ id: 'OperatorSummary' })

/** A seat. */
export const seatSummary = z.object({
  ...{ seat: z.number(), class: z.number(), state: z.string(), since: time, bond: amount },
  ...{ slashed: amount, slashes: z.number(), evictions: z.number(), proofs: z.number(), earned: amount },
})

/** The network's figures since its beginning. */
export const totals = workloadCounts.extend({
  ...{ paid: amount, refunded: amount, burned: amount, rewards: amount, slashed: amount },
  ...{ programs: z.number(), operators: z.number(), seats: z.number(), active: z.number() },
})

/** The network's figures in a span of epochs. */
export const epochFigures = z.object({
  /** First epoch of the span, and its Unix time. */
  ...{ epoch: z.number(), from: time },
  ...{ submitted: z.number(), proven: z.number(), expired: z.number(), cancelled: z.number() },
  /** Of the workloads submitted in it. */
  fees: amount,
  /** Of the workloads that ended in it. */
  ...{ paid: amount, refunded: amount, burned: amount },
  ...{ rewards: amount, slashed: amount },
  /** Operators that earned in it, and the part of it that the one with the most got. */
  ...{ earners: z.number(), topShare: share },
  /** 1 / Σ share²: as many operators with equal shares would be as concentrated. */
  evenAs: z.number(),
})

/** Something that was found. */
export const found = z.object({
  kind: z.enum(['workload', 'program', 'operator', 'requester', 'seat', 'transaction']),
  /** Its id: of a seat the operator's account, of a transaction the workload. */
  id: z.string(),
  label: z.string(),
})
