import type { ContractErrorDescriptor } from './contracts.js'

/** Errors of the committee, and of the market where a committee judges. */
export const COMMITTEE_ERRORS = {
  NoVerifierContract: {
    text: 'program {program} has no verifier contract',
    hint: 'Commit, then reveal to the committee; to check a proof here, run the verifier program (verifyProofWithProgram).',
    retryable: false,
  },
  NotJudged: {
    text: 'a verifier contract decides about workload {workload}, no committee',
    hint: 'Reveal the proof with its public inputs; the contract verifies it in that call.',
    retryable: false,
  },
  CommitteesOff: {
    text: 'rules {rules} have no committees',
    hint: 'Use a program with a verifier contract, or wait for rules with committees.',
    retryable: false,
  },
  ContentTooLong: {
    text: '{length} bytes, at most {limit} fit',
    hint: 'Put longer proofs into a store and reveal them by their digest; shorten the URI.',
    retryable: false,
  },
  NothingToJudge: {
    text: 'nothing was revealed in workload {workload}',
    hint: 'Settle it: without a revealed proof there is nothing to judge.',
    retryable: false,
  },
  WrongStage: {
    text: 'the judging of workload {workload} is {have}, which does not allow this',
    hint: 'Read the judgment again: it has moved on or is not there yet.',
    retryable: true,
  },
  NoRoundYet: {
    text: 'the beacon {beacon} names no round at present',
    hint: "Try again later; nextRound of the beacon says why, as drand's does while the chain's clock is late. A judging without a round in four epochs loses the attempt.",
    retryable: true,
  },
  RevealsMismatch: {
    text: 'the reveals hash to {have}, those of the workload to {want}',
    hint: 'List every reveal in the order of the events; after a reorg read them again.',
    retryable: true,
  },
  NotUnrevealed: {
    text: 'seat {seat} holds no unrevealed commit of the workload, or is listed twice',
    hint: 'List each seat that committed and did not reveal once.',
    retryable: false,
  },
  CommitsIncomplete: {
    text: '{have} commits are listed, the workload has {want}',
    hint: 'List every commit, revealed or not.',
    retryable: false,
  },
  CommitteeTooSmall: {
    text: 'only {have} validators can be drawn, {want} are needed',
    hint: 'More validators must join; without a committee three attempts end the workload unjudged.',
    retryable: false,
  },
  UnknownMember: {
    text: 'the committee has no member {member}',
    hint: 'Read the committee of this attempt; members are numbered from 0.',
    retryable: false,
  },
  NotRevealed: {
    text: 'the verdict {valid} finds proofs valid that are not among the revealed {revealed}',
    hint: 'Set bits of revealed commit orders only.',
    retryable: false,
  },
  WrongSigner: {
    text: "the verdict is signed by {have}, the member's operator is {want}",
    hint: "Sign with the operator's own key, the workload, attempt and proofs of this judging, on this chain.",
    retryable: false,
  },
  NotEquivocal: {
    text: 'this does not prove two verdicts of member {member}, or it was slashed for them',
    hint: 'Two different verdicts of one member in one attempt are needed, once.',
    retryable: false,
  },
  NothingOwed: {
    text: 'the committee owes the account nothing',
    hint: 'Bonds of appeals come back, and are paid out, when their workload is settled.',
    retryable: false,
  },
  OnlyPeer: {
    text: '{have} is neither the market {market} nor the committee {committee}',
    hint: 'Market and committee call this by themselves; it is not for accounts.',
    retryable: false,
  },
  InvalidPeers: {
    text: '{what} is {have}, allowed is {least} to {most}',
    hint: 'Name every peer; epochs last 4 s to a day.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ContractErrorDescriptor>>
