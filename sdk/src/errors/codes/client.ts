import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of requesters' actions. */
export const CLIENT_ERRORS = {
  CLIENT_OPTION_MISSING: {
    hint: 'Give createClient what the message names.',
    retryable: false,
  },
  CLIENT_PARAMETER_INVALID: {
    hint: 'See the documentation of the parameter named in the message.',
    retryable: false,
  },
  CLIENT_URI_INVALID: {
    hint: 'Use an absolute http, https, ipfs or s3 URI of at most 1024 characters without user name or password, or leave it out.',
    retryable: false,
  },
  CLIENT_PUBLIC_INPUTS_TOO_LARGE: {
    hint: 'Put the data into an input file of its own and only their hash into public_inputs, which the program checks; or take a program whose proofs a committee judges.',
    retryable: false,
  },
  CLIENT_WORKLOAD_UNKNOWN: {
    hint: 'Check the id and the chain; a workload just submitted may not have reached this node, or was reorganised away.',
    retryable: true,
  },
  CLIENT_NONCE_USED: {
    hint: 'This nonce submitted something else: read the next one with getBalance and submit again.',
    retryable: false,
  },
  CLIENT_WORKLOAD_EXPIRED: {
    hint: 'Nobody delivered a valid proof in time; `details.reason` says why. Fix the cause, or raise fee or run time, and submit again.',
    retryable: false,
  },
  CLIENT_ESCALATION_ENDED: {
    hint: 'Attempts or budget are used up; `details.reason` says why the last one ended. Raise `escalation.budget` or `attempts`, or fix that cause.',
    retryable: false,
  },
  CLIENT_PIPELINE_INVALID: {
    hint: 'Name each stage once, with letters, digits, _, . and -, and after the stages it waits for.',
    retryable: false,
  },
  CLIENT_PIPELINE_FAILED: {
    hint: 'The cause says why. Run the pipeline again with the same state: what is proven is not paid again; raise the `escalation` of the stage first.',
    retryable: false,
  },
  CLIENT_PIPELINE_CHANGED: {
    hint: 'Use a state of its own for each run of a pipeline, and the account that began it.',
    retryable: false,
  },
  CLIENT_PIPELINE_RUNNING: {
    hint: 'Wait until the other run has ended, or give this one a state of its own.',
    retryable: true,
  },
  CLIENT_PIPELINE_STATE_INVALID: {
    hint: 'The state was damaged or is of another version: find its workloads with `gevulot workload list`, and begin with a fresh one.',
    retryable: false,
  },
  CLIENT_WORKLOAD_CANCELLED: {
    hint: 'The workload was cancelled; submit again if the proof is still wanted.',
    retryable: false,
  },
  CLIENT_WAIT_TIMEOUT: {
    hint: 'Wait again (nothing is lost), or give the wait a longer time-out.',
    retryable: true,
  },
  CLIENT_NO_PROOF: {
    hint: 'Wait with waitForProof until a prover has revealed a valid proof.',
    retryable: true,
  },
  CLIENT_PROOF_UNAVAILABLE: {
    hint: 'The proof was revealed, and no transaction or store that is asked shows it: add the store of the prover, or an endpoint that traces transactions.',
    retryable: true,
  },
  CLIENT_PROOF_MISMATCH: {
    hint: 'The bytes are not the proof that the chain names: use another RPC endpoint or store.',
    retryable: false,
  },
  CLIENT_VERIFIER_CHANGED: {
    hint: 'The code of the verifier contract is not the pinned one: this program can no longer verify anything.',
    retryable: false,
  },
  CLIENT_VERIFIER_FAILED: {
    hint: 'The verifier program gave no verdict; see details, and run `gevulot doctor`.',
    retryable: true,
  },
  CLIENT_NOTHING_TO_DO: {
    hint: 'Read the workload again: there is nothing left for this act.',
    retryable: false,
  },
  CLIENT_DELIVERY_REFUSED: {
    hint: "A delivery is signed by the operator of a seat of the workload and fits the inbox's limits.",
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link CLIENT_ERRORS}. */
export const clientError = errorFactory(CLIENT_ERRORS)
