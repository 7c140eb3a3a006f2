import type { ErrorDescriptor } from '../GevulotError.js'
import { COMMITTEE_ERRORS } from './committee.js'
import { OPENZEPPELIN_ERRORS } from './openZeppelin.js'
import { RELAY_ERRORS } from './relay.js'
import { ROUND_ERRORS } from './rounds.js'
import { VIEWER_ERRORS } from './viewer.js'

/** A contract error: what it says, with its arguments in braces (`{until:time}` is Unix seconds, `{needed:tokens}` token units), and what to do. */
export interface ContractErrorDescriptor extends ErrorDescriptor {
  readonly text: string
}

/**
 * Errors of our contracts by their name in the ABI. The code of `FeeTooLow` is `CONTRACT_FEE_TOO_LOW`, and so on. Retryable
 * are those that time alone, or reading the state again, can cure.
 */
export const CONTRACT_ERRORS = {
  // The market.
  WrongPhase: {
    text: 'workload {workload} is {have}, this needs {want}',
    hint: 'Read the workload again: it has moved on, is not there yet, or was reorganised away.',
    retryable: false,
  },
  UnknownProgram: {
    text: 'program {program} is not deployed',
    hint: 'Deploy the program first, or check the program id and the chain.',
    retryable: false,
  },
  ClassClosed: {
    text: 'class {class} takes no submissions',
    hint: 'Use a program of another hardware class, or wait until the class opens.',
    retryable: false,
  },
  SubmissionsPaused: {
    text: 'submissions to class {class} are paused until {until:time} at the latest, it is {have:time}',
    hint: 'Wait until the pause is over, or use a program of another class. Live workloads and withdrawals are not paused.',
    retryable: true,
  },
  NotPaused: {
    text: 'submissions to class {class} are not paused',
    hint: 'Nothing to do.',
    retryable: false,
  },
  PausedTooRecently: {
    text: 'class {class} was paused a short while ago, the next pause is possible from {from:time} on, it is {have:time}',
    hint: 'Wait until that time. A class with bad rules can be closed or given other rules by the owner.',
    retryable: true,
  },
  NotGuardian: {
    text: '{have} is not the guardian {want}',
    hint: 'Use the key of the guardian.',
    retryable: false,
  },
  NotPendingGuardian: {
    text: '{have} was not offered to become the guardian, {want} was',
    hint: 'The owner offers it with setGuardian; accept with the key of that account.',
    retryable: false,
  },
  NotAdmitted: {
    text: '{account} is not on the list of accounts that may do this',
    hint: 'The network is permissioned at this stage: ask its owner to admit the account.',
    retryable: false,
  },
  ListIsOpen: {
    text: 'the list is open to everybody, for ever',
    hint: 'Nothing to do: nobody needs to be admitted any more.',
    retryable: false,
  },
  ListIsClosed: {
    text: 'the list still decides who may submit',
    hint: 'The mark can be lifted once the owner has opened the list.',
    retryable: false,
  },
  InvalidTerms: {
    text: '{term} is {have}, allowed is {least} to {most}',
    hint: 'Redundancy 1 to 8, run time 1 s to a day, rescue 50 to 100 per cent, fee at most 2^80 − 1; a fail needs a reason.',
    retryable: false,
  },
  FeeTooLow: {
    text: 'the fee is {fee}, the least for this run time and redundancy is {minimum}',
    hint: 'Raise the fee (quote gives the minimum), or ask for less run time or redundancy.',
    retryable: false,
  },
  WrongNonce: {
    text: 'the nonce is {have}, the next one of the account is {want}',
    hint: 'A lower nonce means this request was submitted before: look up its workload. Otherwise read the nonce again.',
    retryable: false,
  },
  InvalidRecipient: {
    text: "what is sent to {to} would be in nobody's books",
    hint: 'Withdraw to an account of your own; to use tokens in the market, deposit them from there.',
    retryable: false,
  },
  InsufficientBalance: {
    text: 'the balance in the market is {have}, this needs {want}',
    hint: 'Deposit tokens into the market first.',
    retryable: false,
  },
  RoundFixed: {
    text: 'beacon round {round} is fixed, so a free cancel is over',
    hint: 'Wait for the draw, then cancel in two steps.',
    retryable: true,
  },
  RoundNotKnown: {
    text: 'the value of beacon round {round} is not known yet',
    hint: 'Try again when the round is out.',
    retryable: true,
  },
  AssignWindowOver: {
    text: 'this is epoch {have}, the last one for the draw was {last}',
    hint: 'Settle the workload: it ends as unserved and the fee is refunded.',
    retryable: false,
  },
  SeatNotInWorkload: {
    text: 'seat {seat} holds no slot of workload {workload}',
    hint: 'Read the slots again; the seat may have declined, failed or been settled.',
    retryable: false,
  },
  NotOperator: {
    text: '{have} is not the operator of seat {seat}, {want} is',
    hint: 'Use the key that staked the seat.',
    retryable: false,
  },
  NotRequester: {
    text: '{have} did not submit workload {workload}, {want} did',
    hint: 'Use the account that submitted the workload.',
    retryable: false,
  },
  WrongSlotState: {
    text: 'the slot of seat {seat} is {have}, which does not allow this',
    hint: 'Read the slot again: it has moved on.',
    retryable: false,
  },
  CommitsClosedAlready: {
    text: 'commits closed at {closedAt:time}, it is {have:time}',
    hint: 'The workload is over for new proofs.',
    retryable: false,
  },
  NoOpenSlot: {
    text: 'no slot is open to others now',
    hint: 'Slots open when their seat declines, fails, does not answer, or at the rescue time.',
    retryable: true,
  },
  AlreadyCommitted: {
    text: 'operator {operator} has committed to an open slot of this workload already',
    hint: 'One commit to an open slot an operator is all the market takes.',
    retryable: false,
  },
  TooManyCommits: {
    text: 'this would be commit {have} of the workload, it holds {most}',
    hint: 'Take other work.',
    retryable: false,
  },
  SeatNotEligible: {
    text: 'seat {seat} is not active, not of this class, or busy',
    hint: 'Use an active and idle seat of the class of the program.',
    retryable: true,
  },
  CommitsExist: {
    text: '{commits} proofs were committed, so a cancel is no longer possible',
    hint: 'Use release to close commits early.',
    retryable: false,
  },
  NoCommits: {
    text: 'no proof was committed',
    hint: 'Use cancel to end a workload without commits.',
    retryable: false,
  },
  CancelDelayRunning: {
    text: 'the second step of the cancel is possible from {from:time} on, it is {have:time}',
    hint: 'Repeat the call after that time.',
    retryable: true,
  },
  OutsideRevealWindow: {
    text: 'reveals are possible after {from:time} and until {until:time}, it is {have:time}',
    hint: 'Reveal inside the window.',
    retryable: true,
  },
  CommitmentMismatch: {
    text: 'the proof, salt or account does not open the commitment (have {have}, want {want})',
    hint: 'Reveal the very proof and salt that were committed, from the same account.',
    retryable: false,
  },
  PublicInputsMismatch: {
    text: 'the public inputs hash to {have}, the workload names {want}',
    hint: 'Pass the file public_inputs of the workload as it is.',
    retryable: false,
  },
  ProofNotValid: {
    text: 'the verifier refuses the proof',
    hint: 'Verify the proof locally; check program, inputs and parameters.',
    retryable: false,
  },
  CommitFirst: {
    text: 'this workload wants a commit before the proof',
    hint: 'Commit, then reveal after commits have closed.',
    retryable: false,
  },
  SubmitAtOnce: {
    text: "a slot that stands alone and is its seat's own takes no commit",
    hint: 'Submit the proof at once with submitProof: nobody else could gain by copying it.',
    retryable: false,
  },
  NotEnoughGas: {
    text: '{have} gas is left, what the call asks needs {want}',
    hint: 'Raise the gas limit of the transaction.',
    retryable: true,
  },
  BatchNeedsGas: {
    text: 'too little gas is left for item {item} of the batch',
    hint: 'Send the batch with a higher gas limit, or a smaller batch.',
    retryable: true,
  },
  PinMismatch: {
    text: 'the pin makes up program {have}, the workload asks for {want}',
    hint: "Read the pin of the workload's program with pinOf (readPin) and pass it unchanged.",
    retryable: false,
  },
  VerifierChanged: {
    text: 'the code of verifier {verifier} has the hash {have}, the pinned one has {want}',
    hint: 'The program is broken: nothing can be verified with it.',
    retryable: false,
  },
  TooEarly: {
    text: 'this is possible from {from:time} on, it is {have:time}',
    hint: 'Try again at that time.',
    retryable: true,
  },
  ClaimsIncomplete: {
    text: '{have} of the {want} seats that must be listed are there',
    hint: 'List every seat with a valid proof, and after a release or for a cancel every seat that accepted in time.',
    retryable: true,
  },
  NotSilent: {
    text: 'seat {seat} answered, or does not have to any more',
    hint: 'Only seats still Assigned after the silence window can be slashed.',
    retryable: false,
  },
  SilenceWindowOver: {
    text: 'the time for answers ended at {until:time}, it is {have:time}',
    hint: 'The seat can only be slashed now.',
    retryable: false,
  },
  InvalidRules: {
    text: '{rule} is {have}, allowed is {least} to {most}',
    hint: 'See the bounds in contracts/market/RuleBook.sol; windows and run time must fit the cooldown.',
    retryable: false,
  },
  InvalidProgram: {
    text: '{part} is {have}, allowed is {least} to {most}',
    hint: 'Deploy the verifier contract first, and allow it 1 to 15 000 000 gas.',
    retryable: false,
  },
  NotOurRegistry: {
    text: 'the registry names {have}, this is {want}',
    hint: 'Deploy the registry for the addresses at which market and committee will be.',
    retryable: false,
  },
  SupplyTooLarge: {
    text: "the token's supply {have} does not fit the account words, {most} is the most",
    hint: 'Deploy the market for a token with a supply below 2^96.',
    retryable: false,
  },
  // The prover registry.
  OperatorNotAdmitted: {
    text: 'operator {operator} is not admitted',
    hint: 'The network is permissioned at this stage: send this address to those who run it, and ask to be admitted as an operator.',
    retryable: false,
  },
  AdmissionIsOpen: {
    text: 'admission is open for ever, there is no list any more',
    hint: 'Anyone can stake; nothing has to be done.',
    retryable: false,
  },
  UnknownClass: {
    text: 'hardware class {class} does not exist',
    hint: 'Use a class that the registry knows.',
    retryable: false,
  },
  InvalidClassBond: {
    text: '{parameter} is {have}, allowed is {least} to {most}',
    hint: 'The bond is never zero; at most half of it is slashed and a tenth of that is bounty.',
    retryable: false,
  },
  InvalidSeatCount: {
    text: '{have} seats cannot be staked in one call, {least} to {most} can',
    hint: 'Stake more seats with more calls.',
    retryable: false,
  },
  NotSeatOperator: {
    text: '{have} is not the operator of seat {seat}, {want} is',
    hint: 'Use the key that staked the seat.',
    retryable: false,
  },
  WrongSeatStatus: {
    text: 'seat {seat} is {have}, which does not allow this',
    hint: 'Read the seat again.',
    retryable: false,
  },
  BondIncomplete: {
    text: 'the bond of seat {seat} is {have:tokens}, a full one is {want:tokens}',
    hint: 'Fill the bond up first: gevulot prover top-up <seat>.',
    retryable: false,
  },
  CoolingDown: {
    text: 'seat {seat} cools down until {until:time}, it is {have:time}',
    hint: 'Try again after that time.',
    retryable: true,
  },
  RejoinTooEarly: {
    text: 'draws of earlier epochs can still name seat {seat} before epoch {from}, this is epoch {have}',
    hint: 'Join again in that epoch.',
    retryable: true,
  },
  SeatHeld: {
    text: 'seat {seat} holds a slot that it has not answered or delivered',
    hint: 'Answer it, or have the workload settled and cleared first.',
    retryable: true,
  },
  OnlyMarket: {
    text: '{have} is not the market {want}',
    hint: 'Only the market calls this.',
    retryable: false,
  },
  OnlyQualification: {
    text: '{have} is not the qualification contract {want}',
    hint: 'Only the qualification contract calls this.',
    retryable: false,
  },
  NothingDue: {
    text: 'there is nothing to withdraw, burn or top up',
    hint: 'Nothing to do.',
    retryable: false,
  },
  EpochTooOld: {
    text: 'epoch {have} is too old for the stored history, which reaches back to {least}',
    hint: 'A draw looks back three epochs at most.',
    retryable: false,
  },
  ...RELAY_ERRORS,
  ...COMMITTEE_ERRORS,
  ...ROUND_ERRORS,
  // Qualification.
  NotNamedByRegistry: {
    text: 'the registry names the qualification contract {have}, this is {want}',
    hint: 'Deploy qualification at the address that the registry was given.',
    retryable: false,
  },
  InvalidPolicy: {
    text: '{parameter} is {have}, allowed is {least} to {most}',
    hint: 'Window up to an hour, period from two windows to half a cooldown, charge up to 500, excuses up to 7.',
    retryable: false,
  },
  NoPuzzle: {
    text: 'class {class} has no puzzle',
    hint: 'Seats of this class join the active set directly.',
    retryable: false,
  },
  NotDue: {
    text: 'the next check of class {class} can be opened from {from} on, now is {have}',
    hint: 'Wait until then.',
    retryable: true,
  },
  RoundMissing: {
    text: 'the value of beacon round {round} is not on chain',
    hint: 'Wait for the round, or relay it.',
    retryable: true,
  },
  StartedAlready: {
    text: 'check {check} of class {class} has started',
    hint: 'Nothing to do: answers count already.',
    retryable: false,
  },
  CheckVoid: {
    text: 'check {check} of class {class} did not start by {startBy:time}, it is {have:time}',
    hint: 'Nobody is evicted; wait for the next check.',
    retryable: false,
  },
  NotStarted: {
    text: 'check {check} of class {class} has not started',
    hint: 'Open the check when it is due, and start it when its beacon round is on chain.',
    retryable: true,
  },
  WindowOver: {
    text: 'the window for answers ended at {until}, now is {have}',
    hint: 'Wait for the next check of the class.',
    retryable: false,
  },
  WindowOpen: {
    text: 'answers are taken through {until}, now is {have}',
    hint: 'Evict after the window.',
    retryable: true,
  },
  NotSeatsOperator: {
    text: 'seat {seat} does not belong to {have} but to {want}',
    hint: "Send from the seat's operator account.",
    retryable: false,
  },
  WrongClass: {
    text: 'seat {seat} is of class {have}, the check is of class {want}',
    hint: 'Name seats of one class.',
    retryable: false,
  },
  NotSelected: {
    text: 'check {check} asks nothing of seat {seat}',
    hint: 'Only waiting seats and those that the check selects answer; isSelected tells.',
    retryable: false,
  },
  AnsweredAlready: {
    text: 'seat {seat} has answered check {check}, or is excused from it',
    hint: 'Nothing to do.',
    retryable: false,
  },
  WrongSolution: {
    text: 'the solution of seat {seat} is not valid',
    hint: 'Solve the puzzle of the seat and the newest check: every seat has a seed of its own.',
    retryable: false,
  },
  NotBusy: {
    text: 'seat {seat} is not at work',
    hint: 'Only a seat that holds a slot is excused; answer instead.',
    retryable: false,
  },
  NoExcuseLeft: {
    text: 'seat {seat} was excused {have} times in a row, {most} are allowed',
    hint: 'Answer this check, also while the seat is at work.',
    retryable: false,
  },
  NobodyEvicted: {
    text: 'none of the seats can be evicted',
    hint: 'They answered, were evicted before, or left.',
    retryable: false,
  },
  // Network rewards.
  NothingRecorded: {
    text: 'none of the receipts is new and right',
    hint: 'The workloads were recorded before, or were not proven: read their receipts again.',
    retryable: false,
  },
  NothingToClaim: {
    text: 'none of the operators has rewards of an ended epoch',
    hint: 'Rewards are due once the epoch in which they were recorded is over.',
    retryable: true,
  },
  OutOfBounds: {
    text: 'the value is {have}, the most is {most}',
    hint: 'Choose a value within the bounds of docs/parameters.md.',
    retryable: false,
  },
  EpochTooShort: {
    text: 'an epoch of {have} s is shorter than {least} s',
    hint: 'Deploy with longer epochs.',
    retryable: false,
  },
  HistoryTooShort: {
    text: 'epoch {have} is before epoch {least}, the first that is still known',
    hint: 'Ask about a later epoch: the contract keeps the last few changes of each place alone.',
    retryable: false,
  },
  InvalidLag: {
    text: 'a lag of {have} blocks is not within {least} to {most}',
    hint: 'Deploy the beacon with a lag within these bounds.',
    retryable: false,
  },
  LagOutOfBounds: {
    text: 'a lag of {lag} rounds is not above the margin of {margin}, or above {most}; a margin is a round at least',
    hint: 'Deploy the beacon with a lag within these bounds.',
    retryable: false,
  },
  ...VIEWER_ERRORS,
  ...OPENZEPPELIN_ERRORS,
} as const satisfies Readonly<Record<string, ContractErrorDescriptor>>

/** Name of a contract error that {@link CONTRACT_ERRORS} describes. */
export type ContractErrorName = keyof typeof CONTRACT_ERRORS
