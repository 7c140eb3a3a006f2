import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { id, type Signer, type TransactionResponse } from 'ethers'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { fetchProof } from '../../sdk/src/client/fetchProof.js'
import { submit } from '../../sdk/src/client/submit.js'
import { waitForProofs } from '../../sdk/src/client/waitForProofs.js'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import type { RunJob, Runtime } from '../../sdk/src/runtime/Runtime.js'
import type { RunOutcome, Verdict } from '../../sdk/src/runtime/RunOutcome.js'
import {
  aProgram,
  BAD_PROOF,
  PROOF,
  prover,
  PUBLIC_INPUTS,
  startNetwork,
  TOKEN,
  type Network,
} from '../support/network.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('client: proofs, fetched and verified', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let store: DirectoryStore
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    store = new DirectoryStore(join(directory(), 'content'))
    client = await network.client({ store })
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  const inputs = { files: { public_inputs: PUBLIC_INPUTS } }
  // A tenth of the run time is the time to answer; a commit after that finds an open slot, and commits do not close early.
  const request = () => ({ program, inputs, fee: 10n * TOKEN, maxRunTime: 200 })

  async function proven() {
    const { workload, spec } = await client.submit(request())
    await network.chain.mine(4)
    await client.assign({ workload })
    const { seat } = (await client.getWorkload({ workload })).slots[0]!
    await prover.submitProof(network, spec, seat)
    return workload
  }

  /** The client behind an endpoint that changes the transactions it returns. */
  function seeing(
    change: (transaction: TransactionResponse) => Partial<TransactionResponse>,
    from = client,
  ): GevulotClient {
    const provider = new Proxy(from.contracts.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'getTransaction') return typeof value === 'function' ? (value.bind(target) as unknown) : value
        return async (hash: string) => {
          const transaction = (await target.getTransaction(hash))!
          return { ...transaction, ...change(transaction) }
        }
      },
    })
    return { ...from, contracts: { ...from.contracts, provider } }
  }

  /** The client behind an endpoint that traces no transactions. */
  function untraced(from: GevulotClient): GevulotClient {
    const provider = new Proxy(from.contracts.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name === 'send') return () => Promise.reject(new Error('method not found'))
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    return { ...from, contracts: { ...from.contracts, provider } }
  }

  it('a proof that the transaction does not carry comes from a store', async () => {
    const workload = await proven()
    const hidden = () => ({ to: network.requester.address, data: '0x' })
    const relayed = untraced(seeing(hidden))
    await rejected(fetchProof(relayed, { workload }), 'CLIENT_PROOF_UNAVAILABLE')
    await store.put(PROOF)
    const proof = await fetchProof(relayed, { workload })
    expect(proof.from).to.equal('store')
    expect(Buffer.from(proof.publicInputs).equals(PUBLIC_INPUTS)).to.equal(true)
    const without = untraced(seeing(hidden, await network.client()))
    await rejected(fetchProof(without, { workload }), 'CLIENT_PROOF_UNAVAILABLE')
    await rejected(fetchProof(client, { workload, seat: 999 }), 'CLIENT_NO_PROOF')
  })

  it('a proof that its prover withholds keeps that of the next one not out', async () => {
    const withheld = Buffer.alloc(64, 0x33)
    const { workload, spec } = await client.submit({ ...request(), redundancy: 2, fee: 20n * TOKEN })
    await network.chain.mine(4)
    await client.assign({ workload })
    const [first, second] = (await client.getWorkload({ workload })).slots.map(({ seat }) => seat)
    await prover.commit(network, workload, first!, withheld)
    await prover.commit(network, workload, second!)
    await network.chain.pass(3)
    await prover.reveal(network, spec, first!, withheld)
    await prover.reveal(network, spec, second!)
    const hex = withheld.toString('hex')
    // As where a committee has judged proofs that were in a store then.
    const partly = untraced(
      seeing(({ data, to }) => (data.includes(hex) ? { to: network.requester.address, data: '0x' } : { to })),
    )
    await rejected(fetchProof(partly, { workload }), 'CLIENT_PROOF_UNAVAILABLE')
    const [proof] = await waitForProofs(partly, { workload, early: false, timeoutMs: 30_000 })
    expect(proof).to.include({ seat: second })
  })

  it('an endpoint that knows a block before its logs is asked again', async () => {
    const workload = await proven()
    const { block, submittedBlock } = await client.getWorkload({ workload })
    let looks = 0
    const provider = new Proxy(client.contracts.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'getLogs') return typeof value === 'function' ? (value.bind(target) as unknown) : value
        return async (filter: Parameters<typeof target.getLogs>[0]) => {
          const logs = await target.getLogs(filter)
          return ++looks > 3 ? logs : logs.filter(({ blockNumber }) => blockNumber <= submittedBlock)
        }
      },
    })
    const contracts = { ...client.contracts, provider }
    const [proof] = await waitForProofs({ ...client, contracts }, { workload, early: false, timeoutMs: 30_000 })
    expect(proof).to.include({ from: 'transaction' })
    expect(looks).to.be.greaterThan(3)
    expect(block).to.be.greaterThan(submittedBlock)
  })

  it('an endpoint that forges a proof is found out', async () => {
    const workload = await proven()
    const forge = (from: Buffer, to: Buffer) =>
      seeing(({ data }) => ({ data: data.replace(from.toString('hex'), to.toString('hex')) }))
    await rejected(fetchProof(forge(PROOF, BAD_PROOF), { workload }), 'CLIENT_PROOF_MISMATCH')
    await rejected(fetchProof(forge(PUBLIC_INPUTS, BAD_PROOF), { workload }), 'CLIENT_PROOF_MISMATCH')
  })

  it('finds a workload whose submission was sent, but whose response was lost', async () => {
    const { nonce } = await client.getBalance()
    const signer = new Proxy(network.requester, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'sendTransaction') return typeof value === 'function' ? (value.bind(target) as unknown) : value
        return async (transaction: Parameters<Signer['sendTransaction']>[0]) => {
          await target.sendTransaction(transaction)
          throw new Error('socket hang up')
        }
      },
    })
    const unlucky = { ...client, signer }
    await rejected(submit(unlucky, { ...request(), nonce }), 'CHAIN_RPC_UNAVAILABLE')
    const found = await client.submit({ ...request(), nonce })
    expect(found.created).to.equal(false)
    expect((await client.getBalance()).nonce).to.equal(nonce + 1)
  })

  it('the verifier contract decides, if its code is the pinned one', async () => {
    const params = {
      program,
      workload: id('w') as Hex,
      prover: network.operators[0]!.address,
      publicInputs: PUBLIC_INPUTS,
    }
    expect(await client.verifyProof({ ...params, proof: PROOF })).to.deep.equal({ valid: true })
    expect(await client.verifyProof({ ...params, proof: BAD_PROOF })).to.include({ valid: false })
    await rejected(
      client.verifyProof({ ...params, program: `0x${'12'.repeat(32)}`, proof: PROOF }),
      'CONTRACT_UNKNOWN_PROGRAM',
    )
    const { provider } = network.chain
    const code = await provider.getCode(network.verifier)
    // A verifier that always reverts.
    await provider.send('anvil_setCode', [network.verifier, '0x5f5ffd'])
    await rejected(client.verifyProof({ ...params, proof: PROOF }), 'CLIENT_VERIFIER_CHANGED')
    const reverting = await client.deployProgram({ prover: id('reverting'), verifier: network.verifier })
    const verdict = await client.verifyProof({ ...params, program: reverting.program, proof: PROOF })
    expect(verdict).to.include({ valid: false })
    await provider.send('anvil_setCode', [network.verifier, code])
  })

  it('the verifier program decides where a runtime is given', async () => {
    const source = Buffer.concat([
      Buffer.from('7f454c4602010100', 'hex'),
      Buffer.alloc(8),
      Buffer.from('02003e0001000000', 'hex'),
      Buffer.alloc(40),
    ])
    const { digest } = await buildPackage(
      {
        ...{ name: 'verifier', role: 'verify', argv: ['/app/verify'] },
        resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
        files: [{ path: 'verify', source, executable: true }],
      },
      store,
    )
    const { program: verifiable } = await client.deployProgram({
      prover: id('p'),
      verifierProgram: digest,
      verifier: network.verifier,
    })
    const { spec, workload } = await client.submit({ ...request(), program: verifiable })
    const jobs: RunJob[] = []
    const answering = async (verdict: Verdict, workDirectory?: string) => {
      const runtime: Runtime = {
        name: 'bubblewrap',
        check: async () => ({ available: true, details: {} }),
        run: async (job) => {
          jobs.push(job)
          return { ...verdict, usage: { wallSeconds: 0, startSeconds: 0 }, log: 'log' } satisfies RunOutcome
        },
      }
      const params = { ...{ program: verifiable, workload, proof: PROOF }, prover: network.operators[0]!.address }
      const cacheDirectory = join(directory(), 'cache')
      return (await network.client({ store, runtime })).verifyProofWithProgram({
        ...params,
        inputs: spec.inputs,
        cacheDirectory,
        ...(workDirectory !== undefined && { workDirectory }),
      })
    }
    expect(await answering({ kind: 'valid' })).to.deep.equal({ valid: true })
    expect(jobs[0]).to.include({ role: 'verify', workload })
    expect(jobs[0]!.inputs.map(({ name }) => name)).to.deep.equal(['public_inputs', 'proof'])
    expect(await answering({ kind: 'invalid', reason: 'no' })).to.deep.equal({ valid: false, reason: 'no' })
    // Inputs may be larger than a temporary directory in memory.
    const work = join(directory(), 'data', 'work')
    await answering({ kind: 'valid' }, work)
    expect(dirname(dirname(jobs.at(-1)!.inputs[0]!.path))).to.satisfy((path: string) => dirname(path) === work)
    expect(readdirSync(work)).to.deep.equal([])
    // A verifier that crashes has said nothing.
    const failure = await rejected(answering({ kind: 'crash' }), 'CLIENT_VERIFIER_FAILED')
    expect(failure.details).to.include({ kind: 'crash', log: 'log' })
    const params = {
      program: verifiable,
      workload,
      proof: PROOF,
      prover: network.operators[0]!.address,
      inputs: spec.inputs,
      cacheDirectory: '',
    }
    await rejected(client.verifyProofWithProgram(params), 'CLIENT_OPTION_MISSING')
  })
})
