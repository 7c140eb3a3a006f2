import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { Contract, hexlify, Interface, type ContractTransactionResponse, type Wallet } from 'ethers'

import { creationCode } from '../../programs/support/solc.js'
import {
  submitEpochRootProof,
  type EpochRootProof,
  type SubmitEpochRootProofOptions,
} from '../../sdk/src/aztec/index.js'
import { readEpochRootProof } from '../../sdk/src/aztec/posting/readEpochRootProof.js'
import type { Hex } from '../../sdk/src/chain/index.js'
import { AZTEC_ERRORS } from '../../sdk/src/errors/codes/aztec.js'
import { startLocalChain, type LocalChain } from '../support/localChain.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const PROVER: Hex = `0x${'0f'.repeat(20)}`
const RIVAL: Hex = `0x${'0e'.repeat(20)}`
const ZERO: Hex = `0x${'00'.repeat(32)}`
const word = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`
const DOUBLE = new Interface([
  'function set(uint256 pending, uint256 proven, uint256 currentEpoch, uint256 deadline)',
  'function setArchive(uint256 checkpoint, bytes32 archive)',
])

describe("aztec: posting an epoch's proof", function () {
  this.timeout(600_000)
  const directory = useTemporaryDirectory()
  let chain: LocalChain
  let sender: Wallet
  let rollup: Hex
  let state: Contract

  before(async () => {
    chain = await startLocalChain()
    sender = chain.account(1)
    const data = hexlify(creationCode('test/support/contracts/RollupDouble.sol', 'RollupDouble'))
    const receipt = await (await chain.account(0).sendTransaction({ data })).wait()
    rollup = receipt!.contractAddress as Hex
    state = new Contract(rollup, DOUBLE, chain.account(0))
    for (let checkpoint = 1; checkpoint <= 9; checkpoint++) {
      await tell('setArchive', checkpoint, word(checkpoint))
    }
  })
  after(() => chain.stop())
  beforeEach(() => set({}))

  async function set({ pending = 9, proven = 9, currentEpoch = 5, deadline = 9 }): Promise<void> {
    await tell('set', pending, proven, currentEpoch, deadline)
  }

  /** Tells the double what is true. */
  async function tell(name: string, ...args: readonly unknown[]): Promise<void> {
    const sent = (await state.getFunction(name)(...args)) as ContractTransactionResponse
    await sent.wait()
  }

  /** The proof of an epoch of one checkpoint. */
  function proofOf(checkpoint: number, changes: Partial<EpochRootProof> = {}, args: object = {}): EpochRootProof {
    return {
      ...{ start: BigInt(checkpoint), end: BigInt(checkpoint) },
      args: {
        previousArchive: checkpoint === 1 ? ZERO : word(checkpoint - 1),
        endArchive: word(checkpoint),
        outHash: ZERO,
        proverId: PROVER,
        ...args,
      },
      fees: Array.from({ length: 64 }, () => ZERO),
      attestations: { signatureIndices: '0x', signaturesOrAddresses: '0x' },
      ...{ blobInputs: '0x', proof: '0x' },
      ...changes,
    }
  }

  it('a proof is read from a file by the names of the contract, and nothing else is', async () => {
    const path = join(directory(), 'proof.json')
    const right = JSON.parse(JSON.stringify(proofOf(3), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))) as Record<string, unknown> // prettier-ignore
    await writeFile(path, JSON.stringify(right))
    expect(await readEpochRootProof(path)).to.deep.equal(proofOf(3))
    await writeFile(path, JSON.stringify({ ...right, start: 3, end: 3 }))
    expect(await readEpochRootProof(path)).to.deep.equal(proofOf(3))
    const wrong: readonly unknown[] = [
      ...[
        7,
        null,
        [],
        {},
        { ...right, more: 1 },
        { ...right, start: -1 },
        { ...right, start: 1.5 },
        { ...right, start: '1e3' },
      ],
      ...[
        { ...right, end: '0x3' },
        { ...right, proof: 'ab' },
        { ...right, fees: 'none' },
        { ...right, args: {} },
      ],
    ]
    for (const value of wrong) {
      await writeFile(path, JSON.stringify(value))
      await rejected(readEpochRootProof(path), 'AZTEC_PROOF_MALFORMED')
    }
    await writeFile(path, '{')
    await rejected(readEpochRootProof(path), 'AZTEC_PROOF_MALFORMED')
    await rejected(readEpochRootProof(join(directory(), 'none.json')), 'AZTEC_PROOF_MALFORMED')
  })

  const post = (proof: EpochRootProof, changes: Partial<SubmitEpochRootProofOptions> = {}) =>
    submitEpochRootProof({ rollup, signer: sender, proof, proverId: proof.args.proverId, ...changes })

  it('posts once, from whichever account, and says so when it is called again', async () => {
    await set({ proven: 0 })
    const first = await post(proofOf(1))
    expect(first).to.include({ status: 'posted', epoch: 1n, proven: 1n })
    const nonce = await sender.getNonce()
    expect(await post(proofOf(1))).to.deep.equal({ status: 'already', epoch: 1n, proven: 1n })
    expect(await post(proofOf(1), { signer: chain.account(2) })).to.include({ status: 'already' })
    expect(await sender.getNonce()).to.equal(nonce)
    // Another prover's proof of the same epoch is one of its own.
    expect(await post(proofOf(1, {}, { proverId: RIVAL }))).to.include({ status: 'posted' })
  })

  it('a copy that gets into the block first is no failure: the prover that it names is the same', async () => {
    const proof = proofOf(2)
    await chain.provider.send('evm_setAutomine', [false])
    try {
      const posting = post(proof)
      const ours = await pendingTransaction()
      // The copy pays more, and comes first.
      const data = ours.input as Hex
      const gasPrice = 100n * 10n ** 9n
      const copy = await chain.account(3).sendTransaction({ to: rollup, data, gasPrice, gasLimit: 1_000_000n })
      await chain.mine(1)
      expect((await copy.wait())!.status).to.equal(1)
      expect((await chain.provider.getTransactionReceipt(ours.hash))!.status).to.equal(0)
      expect(await posting).to.include({ status: 'already', epoch: 2n })
    } finally {
      await chain.provider.send('evm_setAutomine', [true])
    }
  })

  it('a chain that moves before the block does is told from a lost race', async () => {
    await chain.provider.send('evm_setAutomine', [false])
    try {
      const posting = rejected(post(proofOf(3)), 'AZTEC_CHAIN_MOVED')
      await pendingTransaction()
      const gasPrice = 100n * 10n ** 9n
      await state.getFunction('setArchive')(3, word(33), { gasPrice, gasLimit: 1_000_000n })
      await chain.mine(1)
      const error = await posting
      expect(error.details).to.include({ error: 'Rollup__InvalidArchive', expected: word(33), actual: word(3) })
    } finally {
      await chain.provider.send('evm_setAutomine', [true])
      await tell('setArchive', 3, word(3))
    }
  })

  const refusals: readonly [string, keyof typeof AZTEC_ERRORS, () => EpochRootProof, Parameters<typeof set>[0]][] = [
    ['past its deadline', 'AZTEC_PROOF_LATE', () => proofOf(4), { currentEpoch: 10, deadline: 9 }],
    ['before the epoch in front of it', 'AZTEC_PROOF_EARLY', () => proofOf(4), { proven: 2 }],
    ['of a checkpoint that was pruned', 'AZTEC_CHAIN_MOVED', () => proofOf(4), { pending: 3 }],
    ['with another archive', 'AZTEC_CHAIN_MOVED', () => proofOf(4, {}, { endArchive: word(99) }), {}],
    ['with another archive before it', 'AZTEC_CHAIN_MOVED', () => proofOf(4, {}, { previousArchive: word(99) }), {}],
    ['with other messages', 'AZTEC_CHAIN_MOVED', () => proofOf(4, {}, { outHash: word(1) }), {}],
    ['across two epochs', 'AZTEC_PROOF_NOT_OF_EPOCH', () => proofOf(4, { end: 5n }), {}],
    ['that is wrong', 'AZTEC_PROOF_REFUSED', () => proofOf(4, { proof: '0x01' }), {}],
    ['with a wrong blob opening', 'AZTEC_PROOF_REFUSED', () => proofOf(4, { blobInputs: word(7) }), {}],
    ['with bad attestations', 'AZTEC_ATTESTATIONS_REFUSED', () => proofOf(4, { attestations: { signatureIndices: '0x01', signaturesOrAddresses: '0x' } }), {}],
  ] // prettier-ignore
  for (const [what, code, proof, rules] of refusals) {
    it(`a proof ${what} is not sent: ${code}`, async () => {
      await set(rules)
      const nonce = await sender.getNonce()
      const error = await rejected(post(proof()), code)
      expect(error).to.include({ hint: AZTEC_ERRORS[code].hint, retryable: AZTEC_ERRORS[code].retryable })
      expect(await sender.getNonce()).to.equal(nonce)
    })
  }

  it('a refusal without a next step of its own is a revert of the chain', async () => {
    const fees = Array.from({ length: 64 }, () => word(1))
    await rejected(post(proofOf(4, { fees })), 'CHAIN_REVERTED')
  })

  it('a proof for another prover than the one that was agreed on is not sent', async () => {
    const error = await rejected(post(proofOf(4), { proverId: RIVAL }), 'AZTEC_PROOF_MALFORMED')
    expect(error.details).to.deep.equal({ have: PROVER, want: RIVAL })
  })

  const malformed: readonly [string, EpochRootProof][] = [
    ['no first checkpoint', proofOf(4, { start: 0n })],
    ['an end before the start', proofOf(4, { end: 3n })],
    ['33 checkpoints', proofOf(4, { end: 36n })],
    ['63 words of fees', proofOf(4, { fees: Array.from({ length: 63 }, () => ZERO) })],
    ['a root of 31 bytes', proofOf(4, {}, { endArchive: `0x${'11'.repeat(31)}` })],
    ['no prover', proofOf(4, {}, { proverId: `0x${'00'.repeat(20)}` })],
    ['half a byte of proof', proofOf(4, { proof: '0x123' })],
  ]
  for (const [what, proof] of malformed) {
    it(`a proof with ${what} is malformed`, async () => {
      await rejected(post(proof), 'AZTEC_PROOF_MALFORMED')
    })
  }

  it('an aborted wait leaves the transaction, and the next call finds what became of it', async () => {
    await chain.provider.send('evm_setAutomine', [false])
    const stopping = new AbortController()
    const posting = post(proofOf(5), { signal: stopping.signal }).catch((error: unknown) => error)
    try {
      await pendingTransaction()
      const reason = new Error('enough')
      stopping.abort(reason)
      expect(await posting).to.equal(reason)
      await chain.mine(1)
    } finally {
      await chain.provider.send('evm_setAutomine', [true])
    }
    expect(await post(proofOf(5))).to.include({ status: 'already' })
  })

  it('a transaction that no block takes is said to be on its way, and can be asked for again', async () => {
    await chain.provider.send('evm_setAutomine', [false])
    try {
      const error = await rejected(post(proofOf(6), { timeoutMs: 500 }), 'AZTEC_PROOF_PENDING')
      expect(error.retryable).to.equal(true)
      expect(error.details).to.have.property('transaction')
    } finally {
      await chain.mine(1)
      await chain.provider.send('evm_setAutomine', [true])
    }
    expect(await post(proofOf(6))).to.include({ status: 'already' })
  })

  /** The one transaction that waits for a block. */
  async function pendingTransaction(): Promise<{ readonly hash: string; readonly input: string }> {
    for (let look = 0; look < 200; look++) {
      const { transactions } = (await chain.provider.send('eth_getBlockByNumber', ['pending', true])) as {
        readonly transactions: readonly { readonly hash: string; readonly input: string }[]
      }
      const [found] = transactions
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error('nothing was sent')
  }
})
