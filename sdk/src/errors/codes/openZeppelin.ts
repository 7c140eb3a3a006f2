import type { ContractErrorDescriptor } from './contracts.js'

/** Errors of OpenZeppelin's code in our contracts, by their name in the ABI; a part of `CONTRACT_ERRORS`. */
export const OPENZEPPELIN_ERRORS = {
  ERC20InsufficientBalance: {
    text: '{sender} has {balance:tokens} in the wallet, this needs {needed:tokens}',
    hint: 'Get tokens first; on a local network: gevulot account fund <account>.',
    retryable: false,
  },
  ERC20InsufficientAllowance: {
    text: '{spender} may spend {allowance:tokens}, this needs {needed:tokens}',
    hint: 'Approve the tokens first.',
    retryable: false,
  },
  ERC20InvalidReceiver: {
    text: '{receiver} cannot receive tokens',
    hint: 'Name the account that is to receive them; the zero address is none.',
    retryable: false,
  },
  ERC20InvalidSpender: {
    text: '{spender} cannot be allowed to spend tokens',
    hint: 'Name the contract that is to take them; the zero address is none.',
    retryable: false,
  },
  ERC2612ExpiredSignature: {
    text: 'the deadline {deadline:time} of the permit is over',
    hint: 'Sign it again with a later deadline.',
    retryable: false,
  },
  ERC2612InvalidSigner: {
    text: 'the permit is signed by {signer}, not by {owner}',
    hint: 'Sign with the key of the account that pays, for this chain, this token and its next nonce.',
    retryable: false,
  },
  InvalidAccountNonce: {
    text: 'the next nonce of {account} is {currentNonce}',
    hint: 'Read the nonce again and sign with it: the signature was used already, or is for a later one.',
    retryable: false,
  },
  ECDSAInvalidSignature: {
    text: 'the signature is none',
    hint: 'Sign again, with a library that makes ECDSA signatures over secp256k1.',
    retryable: false,
  },
  ECDSAInvalidSignatureLength: {
    text: 'the signature has {length} bytes',
    hint: 'A signature has 65 bytes: r, s and v.',
    retryable: false,
  },
  ECDSAInvalidSignatureS: {
    text: 'the signature is the other one of two, with s {s}',
    hint: 'Sign again with a library that takes the lower s, as wallets do.',
    retryable: false,
  },
  OwnableUnauthorizedAccount: {
    text: '{account} is not the owner',
    hint: 'Use the key of the owner.',
    retryable: false,
  },
  OwnableInvalidOwner: {
    text: '{owner} cannot be the owner',
    hint: 'Name an account; the zero address is none.',
    retryable: false,
  },
  SafeERC20FailedOperation: {
    text: 'the token {token} refused a transfer and said no more',
    hint: 'Check balance and allowance of the account that pays.',
    retryable: false,
  },
  AddressEmptyCode: {
    text: 'there is no contract at {target}',
    hint: 'Check the address, and that the endpoint is of the chain it is on.',
    retryable: false,
  },
  FailedCall: {
    text: 'the relayed call failed and said no more',
    hint: 'It may have run out of gas: send it with a higher gas limit, or try the call itself to learn why.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ContractErrorDescriptor>>
