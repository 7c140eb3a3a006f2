import { z } from 'zod'
import { CONTRACT_ROLES } from '../../chain/deployment.js'
import { endpoint } from './Endpoint.js'
import { INDEX_ENDPOINTS, programHistory } from './indexEndpoints.js'
import { indexHead, storyStep, totals, workloadSummary } from './indexShapes.js'
import { PROOF_DIGEST, PROOF_SEAT } from './proofHeaders.js'
import { WEBHOOK_ENDPOINTS } from './webhookEndpoints.js'
import { account, allowance, keyAccount } from './accountShape.js'
import { amount, bytes32, inputFiles, inputs, queryInteger, request, terms, workload } from './shapes.js'

const ofRequest = { request: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits') }
const ofWorkload = { workload: bytes32 }
const LABEL = /^[A-Za-z0-9_.:-]{1,64}$/
const NEWEST = 'newest first; pass `next` as `cursor` for the following page'

/** Every operation of the API. A name is the operation's id in OpenAPI and the method of the client. */
export const ENDPOINTS = {
  ...INDEX_ENDPOINTS,
  ...WEBHOOK_ENDPOINTS,
  getNetwork: endpoint({
    method: 'GET',
    path: '/v1/network',
    summary: 'The network this server speaks for, and its figures since its beginning',
    answer: z.object({
      chainId: z.number(),
      block: z.number(),
      /** Addresses by what they are for. */
      contracts: z.record(z.enum(CONTRACT_ROLES), z.string()),
      /** Block of the first contract: no event is older. */
      fromBlock: z.number(),
      /** Whether it submits on behalf of keys, and takes the inputs of workloads that others submitted. */
      proxy: z.boolean(),
      /** The `inputsUri` of a workload whose inputs are given to this server; empty: provers share its store. */
      contentUri: z.string(),
      /** How far the index has come; null before it has read anything. */
      index: indexHead.nullable(),
      totals,
    }),
  }),
  getProgram: endpoint({
    method: 'GET',
    path: '/v1/programs/{program}',
    summary: 'What is pinned of a program, and what became of its workloads',
    params: { program: bytes32 },
    answer: z.object({
      ...{ program: z.string(), prover: z.string(), verifierProgram: z.string(), verifier: z.string() },
      /** keccak-256 of the verifier's code. */
      codeHash: z.string(),
      ...{ verifierGas: z.number(), class: z.number(), bindsProver: z.boolean(), judged: z.boolean(), uri: z.string() },
      /** What became of its workloads; null before the index has the program. */
      history: programHistory.nullable(),
    }),
  }),
  getQuote: endpoint({
    method: 'GET',
    path: '/v1/quote',
    summary: 'The least fee, what each rank earns, and how often the program was proven within that time',
    query: {
      program: bytes32,
      maxRunTime: queryInteger(1, 86_400),
      redundancy: queryInteger(1, 8).default(1),
      fee: amount.optional(),
    },
    answer: z.object({
      ...{ minimumFee: amount, fee: amount, ranks: z.array(amount) },
      /** Workloads of the program that ended and say something about this run time, and those with a valid proof within it. */
      chances: z.object({ ended: z.number(), proven: z.number() }),
    }),
  }),
  getWorkload: endpoint({
    method: 'GET',
    path: '/v1/workloads/{workload}',
    summary: 'A workload as the chain has it now, and what happened to it stage by stage',
    params: ofWorkload,
    answer: workload.extend({
      /** The same as in lists; null before the index has it. */
      summary: workloadSummary.nullable(),
      story: z.array(storyStep),
    }),
  }),
  publishInputs: endpoint({
    method: 'POST',
    path: '/v1/workloads/{workload}/inputs',
    summary: 'Give provers the inputs of a workload that is on the chain: its digest of them is the permission',
    params: ofWorkload,
    status: 201,
    body: inputFiles,
    answer: z.object({ inputs: z.string() }),
  }),
  getProof: endpoint({
    method: 'GET',
    path: '/v1/workloads/{workload}/proof',
    summary: 'The best valid proof, or that of a seat, checked against the chain',
    params: ofWorkload,
    query: { seat: queryInteger(1, 2 ** 24).optional() },
    bytes: {
      description: 'the proof alone, as it is, to whoever accepts application/octet-stream',
      headers: {
        [PROOF_DIGEST]: 'sha-256 of the proof',
        [PROOF_SEAT]: 'the seat that made it',
      },
    },
    answer: z.object({
      workload: z.string(),
      seat: z.number(),
      operator: z.string().nullable(),
      /** sha-256 of the proof. */
      digest: z.string(),
      proof: z.base64(),
      publicInputs: z.base64(),
    }),
  }),
  submitRequest: endpoint({
    method: 'POST',
    path: '/v1/requests',
    summary: 'Ask for a proof. What was accepted is submitted even if the server restarts',
    key: true,
    idempotent: true,
    status: 202,
    body: {
      ...terms,
      inputs,
      rescue: z.number().int().min(50).max(100).default(60),
      fee: amount.optional().meta({ description: 'the whole fee; the least by default' }),
      deliveryKey: bytes32.optional().meta({
        description:
          'X25519 public key to which proofs are sealed before they are revealed; see /v1/requests/{request}/sealed',
      }),
      label: z.string().regex(LABEL, 'must have 1 to 64 letters, digits, _ . : or -').optional().meta({
        description: 'what the key calls it: its account has sums by label',
      }),
      jobs: z
        .number()
        .int()
        .min(1)
        .max(65_536)
        .default(1)
        .meta({ description: 'jobs of its own in it, for the account' }),
    },
    answer: request,
  }),
  listRequests: endpoint({
    method: 'GET',
    path: '/v1/requests',
    summary: `The requests of the key, ${NEWEST}`,
    key: true,
    query: { limit: queryInteger(1, 100).default(20), cursor: queryInteger(1, 2 ** 31 - 1).optional() },
    answer: z.object({ requests: z.array(request), next: z.number().nullable() }),
  }),
  getRequest: endpoint({
    method: 'GET',
    path: '/v1/requests/{request}',
    summary: 'A request of the key',
    key: true,
    params: ofRequest,
    answer: request,
  }),
  cancelRequest: endpoint({
    method: 'POST',
    path: '/v1/requests/{request}/cancel',
    summary: 'Cancel a request: at once while it is not submitted, afterwards by the rules of the chain',
    key: true,
    status: 202,
    params: ofRequest,
    answer: request,
  }),
  releaseRequest: endpoint({
    method: 'POST',
    path: '/v1/requests/{request}/release',
    summary:
      'Close the commits of a workload of the key early: whoever has committed is paid, and nobody has to work on it any more',
    key: true,
    status: 202,
    params: ofRequest,
    answer: request,
  }),
  listSealedProofs: endpoint({
    method: 'GET',
    path: '/v1/requests/{request}/sealed',
    summary: 'Proofs that came for a request before they are revealed, sealed to its delivery key',
    key: true,
    params: ofRequest,
    answer: z.object({
      sealed: z.array(
        z.object({
          seat: z.number(),
          /** Who signed it. */
          operator: z.string(),
          bytes: z.number(),
          /** sha-256 of the sealed bytes. */
          digest: z.string(),
        }),
      ),
    }),
  }),
  getSealedProof: endpoint({
    method: 'GET',
    path: '/v1/requests/{request}/sealed/{digest}',
    summary: 'One of them. Whoever holds the delivery key checks that it opens the commitment of its seat',
    key: true,
    params: { ...ofRequest, digest: bytes32 },
    answer: z.object({ seat: z.number(), operator: z.string(), sealed: z.base64() }),
  }),
  getAccount: endpoint({
    method: 'GET',
    path: '/v1/account',
    summary: 'What the key has asked for and what it cost: in all, and by day',
    key: true,
    answer: account,
  }),
  listAccounts: endpoint({
    method: 'GET',
    path: '/v1/accounts',
    summary: "Every key's account and what is left of its day; for a key of the server's operator",
    key: true,
    answer: z.object({ accounts: z.array(keyAccount) }),
  }),
  getAllowance: endpoint({
    method: 'GET',
    path: '/v1/allowance',
    summary: 'What the key may still do within the last 24 hours',
    key: true,
    answer: allowance,
  }),
} as const

/** Names of the operations. */
export type EndpointName = keyof typeof ENDPOINTS
