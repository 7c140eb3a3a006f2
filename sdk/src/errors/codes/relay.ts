import type { ContractErrorDescriptor } from './contracts.js'

/** Errors of the relay, and of the base that reads its caller, by their name in the ABI; a part of `CONTRACT_ERRORS`. */
export const RELAY_ERRORS = {
  UnknownTarget: {
    text: 'the relay does not call {target}',
    hint: 'Relayed calls go to the market, the registry or the relay itself.',
    retryable: false,
  },
  NotAnAct: {
    text: 'a submitter key cannot call {selector} of {target}',
    hint: 'A submitter key acts for seats only. Use the key of the operator, or an action signed with it.',
    retryable: false,
  },
  NotSubmitter: {
    text: '{key} is not a submitter key of {operator} now',
    hint: 'Name the key with the key of the operator, or name it again if its time is over.',
    retryable: false,
  },
  InvalidTerm: {
    text: 'a submitter key cannot be named until {have}, but until {least:time} to {most:time}',
    hint: 'Choose a time after now and at most a year from now.',
    retryable: false,
  },
  ActionExpired: {
    text: 'the deadline {deadline:time} of the signed action is over, it is {have:time}',
    hint: 'Sign it again with a later deadline.',
    retryable: false,
  },
  NonceUsed: {
    text: 'nonce {nonce} of {account} was used or cancelled',
    hint: 'The action was carried out already, or taken back. Sign a new one with another nonce.',
    retryable: false,
  },
  InvalidSignature: {
    text: 'the signature of the action is not by {account}',
    hint: 'Sign with the key of the account named in the action, for this chain and this relay.',
    retryable: false,
  },
  ActionNeedsGas: {
    text: '{have} gas is left, the signed action needs {want}',
    hint: 'Send the transaction with a higher gas limit.',
    retryable: true,
  },
  LengthMismatch: {
    text: '{actions} actions came with {signatures} signatures',
    hint: 'Give one signature for each action.',
    retryable: false,
  },
  OwnerActsDirectly: {
    text: 'an act of the owner came through the relay',
    hint: 'Call the contract with the key of the owner.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ContractErrorDescriptor>>
