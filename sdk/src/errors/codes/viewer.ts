import type { ContractErrorDescriptor } from './contracts.js'

/** Errors of the viewer by their name in the ABI; a part of `CONTRACT_ERRORS`. */
export const VIEWER_ERRORS = {
  NotInPhase: {
    text: 'workload {workload} is {have}, where this cannot be computed',
    hint: 'Read the workload: its draw can be computed once it is drawn, its payments while they are not settled.',
    retryable: false,
  },
  ListIncomplete: {
    text: 'the list of seats has {have} entries where {want} are needed',
    hint: 'Name every seat that is to be settled, and no other.',
    retryable: false,
  },
  NotCancellable: {
    text: 'workload {workload} cannot be cancelled now',
    hint: 'A commit stands, commits are closed, its round is fixed, or nobody asked for a cancel: read the workload.',
    retryable: false,
  },
  ReceiptUnknown: {
    text: 'this is not the receipt that the market keeps of workload {workload}',
    hint: 'Make the receipt of the events of the workload, as `receiptOf` does.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ContractErrorDescriptor>>
