import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the adapter to Aztec's prover broker. */
export const AZTEC_ERRORS = {
  AZTEC_BROKER_UNAVAILABLE: {
    hint: 'Check the address of the broker and that it runs. Nothing is lost: jobs that were taken go on.',
    retryable: true,
  },
  AZTEC_BROKER_REFUSED: {
    hint: 'The broker did not accept the call; the message has its reason. Compare its release with the one the adapter is made for.',
    retryable: false,
  },
  AZTEC_BROKER_ANSWER_INVALID: {
    hint: "The answer is not what Aztec's broker says: check that the address is a prover broker's, of the release the adapter is made for.",
    retryable: true,
  },
  AZTEC_VERSION_MISMATCH: {
    hint: "The broker runs another release than the adapter's: upgrade the one that is older. No job is taken until they agree.",
    retryable: true,
  },
  AZTEC_JOB_INVALID: {
    hint: 'The job is not one that can be proven: its id, type and inputs do not fit together. See docs/aztec.md.',
    retryable: false,
  },
  AZTEC_INPUTS_UNAVAILABLE: {
    hint: "The store that holds the job's inputs does not answer, or does not hold them: check PROVER_PROOF_STORE on both sides.",
    retryable: true,
  },
  AZTEC_STORE_REFUSED: {
    hint: 'The URI leads out of the stores that the configuration names: add the store, or find out who made the URI.',
    retryable: false,
  },
  AZTEC_RESULT_INVALID: {
    hint: 'The result is malformed and was not reported: the broker would take it, and the epoch would hang.',
    retryable: true,
  },
  AZTEC_PROOF_MALFORMED: {
    hint: "Give the epoch's proof as the prover node's orchestrator finished it, made for the proverId that is to earn; nothing was sent.",
    retryable: false,
  },
  AZTEC_PROOF_LATE: {
    hint: 'The rollup takes no proof of this epoch any more, and prunes it: nothing can be posted for it. Bonds on it can be settled now.',
    retryable: false,
  },
  AZTEC_PROOF_EARLY: {
    hint: 'The epoch before is not proven yet: post again once it is, within the time of this one.',
    retryable: true,
  },
  AZTEC_PROOF_NOT_OF_EPOCH: {
    hint: 'A proof covers one epoch from its first checkpoint on: compare first and last checkpoint with the rollup.',
    retryable: false,
  },
  AZTEC_PROOF_REFUSED: {
    hint: 'The rollup verified the proof or its blob opening and does not take it: proverId, fees and checkpoints must be those it was made with. Prove the epoch again.',
    retryable: false,
  },
  AZTEC_ATTESTATIONS_REFUSED: {
    hint: "Give the committee's attestations of the last checkpoint as they were proposed.",
    retryable: false,
  },
  AZTEC_CHAIN_MOVED: {
    hint: 'The rollup holds another chain than the one that was proven: a reorg, a pruning, or a checkpoint that was taken back. Prove what it holds now.',
    retryable: false,
  },
  AZTEC_PROOF_PENDING: {
    hint: 'The transaction was sent and no block has it yet. Call again with the same proof: what is in the chain is not sent twice.',
    retryable: true,
  },
  AZTEC_BOND_MALFORMED: {
    hint: 'Give a file that `gevulot aztec sign-bond` wrote, of the bonds and the chain that you name; nothing was sent.',
    retryable: false,
  },
  AZTEC_BOND_REFUSED: {
    hint: 'The bonds do not take this; the message has their reason, and docs/epoch-bonds.md explains it. Nothing was sent.',
    retryable: false,
  },
  AZTEC_BOND_EARLY: {
    hint: 'It can be done later: the message says from when on, in Unix seconds. Nothing was sent.',
    retryable: true,
  },
  AZTEC_PROXY_WRONG: {
    hint: "What the proxy says does not fit the program's id: nothing it delivers is taken. Check its address, and tell its operator.",
    retryable: false,
  },
  AZTEC_CONFIG_INVALID: {
    hint: 'Correct the fields that the message names; docs/aztec.md explains them.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link AZTEC_ERRORS}. */
export const aztecError = errorFactory(AZTEC_ERRORS)
