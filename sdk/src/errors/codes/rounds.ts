import type { ContractErrorDescriptor } from './contracts.js'

/** Errors of the drand beacon, and of the market that counts a beacon's rounds. */
export const ROUND_ERRORS = {
  ClockStale: {
    text: "round {known} of the beacon is public, but by the chain's clock only {due} is due",
    hint: "The chain's clock is late, so a round fixed now could be known already; wait until it has caught up.",
    retryable: true,
  },
  BeforeGenesis: {
    text: "the chain's time {time} is before the beacon's first round at {genesis}",
    hint: "Set the local chain's clock, or use another beacon there.",
    retryable: false,
  },
  AlreadyPublished: {
    text: 'round {round} of the beacon is on the chain already',
    hint: 'Nothing to do.',
    retryable: false,
  },
  RoundNotSigned: {
    text: "that is not drand's signature of round {round}",
    hint: 'Fetch the round again, from another endpoint.',
    retryable: false,
  },
  PrecompileMissing: {
    text: 'this chain lacks the precompile {precompile}',
    hint: 'The drand beacon needs EIP-2537; use another beacon on this chain.',
    retryable: false,
  },
  ClockInDoubt: {
    text: 'the beacon of class {class} names no round that the market could count to',
    hint: "Wait until the chain's clock has caught up; until then submissions ask the beacon.",
    retryable: true,
  },
} as const satisfies Readonly<Record<string, ContractErrorDescriptor>>
