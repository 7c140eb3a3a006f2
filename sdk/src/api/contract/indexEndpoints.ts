import { z } from 'zod'
import { drawFacts } from './drawShape.js'
import { endpoint } from './Endpoint.js'
import {
  account,
  epochFigures,
  found,
  LIST_STATUSES,
  operatorSummary,
  page,
  programSummary,
  runTimes,
  seatSummary,
  workloadSummary,
} from './indexShapes.js'
import { bytes32, queryInteger } from './shapes.js'

const next = z.string().nullable().meta({ description: '`cursor` of the following page; null on the last one' })

/** The operations that the server answers out of its index of the chain. */
export const INDEX_ENDPOINTS = {
  listWorkloads: endpoint({
    method: 'GET',
    path: '/v1/workloads',
    summary: 'Workloads, newest first, by status, program, requester, operator or seat',
    query: {
      ...page,
      status: z.enum(LIST_STATUSES).optional(),
      program: bytes32.optional(),
      requester: account.optional(),
      operator: account.optional().meta({ description: 'drawn for it, or took an open slot of it' }),
      seat: queryInteger(1, 2 ** 24 - 1).optional(),
    },
    answer: z.object({ workloads: z.array(workloadSummary), next }),
  }),
  getDraw: endpoint({
    method: 'GET',
    path: '/v1/workloads/{workload}/draw',
    summary: 'Everything a draw follows from, so that anybody can compute it again',
    params: { workload: bytes32 },
    answer: drawFacts,
  }),
  listPrograms: endpoint({
    method: 'GET',
    path: '/v1/programs',
    summary: 'Programs, newest first, with what became of their workloads',
    query: page,
    answer: z.object({ programs: z.array(programSummary), next }),
  }),
  listOperators: endpoint({
    method: 'GET',
    path: '/v1/operators',
    summary: 'Operators, those that earned most first',
    query: {
      limit: page.limit,
      cursor: z
        .string()
        .regex(/^\d{1,39}\.0x[0-9a-fA-F]{40}$/, 'must be the `next` of an answer')
        .optional(),
    },
    answer: z.object({ operators: z.array(operatorSummary), next }),
  }),
  getOperator: endpoint({
    method: 'GET',
    path: '/v1/operators/{operator}',
    summary: 'An operator: its seats, earnings, misses, slashes, and how long its proofs took',
    params: { operator: account },
    answer: operatorSummary.extend({ seatList: z.array(seatSummary), runTimes }),
  }),
  listEpochs: endpoint({
    method: 'GET',
    path: '/v1/network/epochs',
    summary: 'Fees, payments, burns, rewards, slashes and their concentration over time, oldest first',
    query: {
      last: queryInteger(1, 200).default(48).meta({ description: 'spans to answer' }),
      per: queryInteger(1, 10_000).default(1).meta({ description: 'epochs of a span' }),
    },
    answer: z.object({ epochLength: z.number(), spans: z.array(epochFigures) }),
  }),
  search: endpoint({
    method: 'GET',
    path: '/v1/search',
    summary: 'Workloads, programs, accounts, seats and transactions that begin with what is given',
    query: { q: z.string().min(1).max(80).meta({ description: 'hexadecimal digits, or the number of a seat' }) },
    answer: z.object({ results: z.array(found) }),
  }),
} as const

/** What the index knows of a program beside what the chain says now. */
export const programHistory = programSummary.extend({
  outcomes: z.array(z.object({ outcome: z.string(), count: z.number() })),
  runTimes,
})
