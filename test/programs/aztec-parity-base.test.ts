import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { freemem } from 'node:os'
import { join } from 'node:path'

import { bn254 } from '@noble/curves/bn254.js'
import { expect } from 'chai'

import { buildPackages, buildVerifier, type BuiltVerifier } from '../../programs/aztec-parity-base/build.js'
import { AZTEC_TEST } from '../../programs/aztec-parity-base/examples.js'
import { makeInputs, type Batch } from '../../programs/aztec-parity-base/inputs.js'
import { generate } from '../../programs/aztec-parity-base/keys.js'
import facts from '../../programs/aztec-parity-base/program.json' with { type: 'json' }
import record from '../../programs/aztec-parity-base/recorded-run.json' with { type: 'json' }
import { ContractVerifier } from '../../programs/support/evm.js'
import { differing } from '../../programs/support/pinned.js'
import { fromWords, toWords } from '../../programs/support/words.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { OnChain } from './chain.js'
import { expectLinted } from './lint.js'
import { flipped, HONK_KEY_HEADER, HONK_STEP, keyMutations, oversized, wrongLengths } from './mutations.js'
import { FULL, LIMIT_MS, Sandbox, sandboxWorks } from './support.js'

/** The circuit is in a package of 55 MB, its SRS has 256 MiB, and its prover takes 3.5 GB. */
const NEEDED_BYTES = 6 * 2 ** 30
const KEYS = join(import.meta.dirname, '..', '..', 'programs', 'aztec-parity-base', 'keys')
const FIELD = bn254.fields.Fr.ORDER

describe('aztec-parity-base', function () {
  this.timeout(LIMIT_MS)
  const directory = useTemporaryDirectory()
  const [publicInputs, proof] = [record.publicInputs, record.proof].map((hex) => Buffer.from(hex, 'hex')) as [
    Buffer,
    Buffer,
  ]

  describe('verifiers, made from the pinned key, on the recorded proof', () => {
    let store: DirectoryStore
    let built: BuiltVerifier
    let chain: OnChain

    before(async () => {
      store = new DirectoryStore(join(directory(), 'store'))
      built = await buildVerifier(store)
      chain = await OnChain.deploy(built.contract)
    })

    it('is one of Aztec’s own test, with the roots that Aztec’s test expects', () => {
      const { shaRoot, convertedRoot, batch } = AZTEC_TEST
      expect(fromWords(publicInputs)).to.deep.equal([shaRoot, convertedRoot, batch.vkTreeRoot, batch.proverId])
      expect(shaRootOf(batch.messages), 'by SHA-256 of our own').to.equal(shaRoot)
      expect(record.packages.verifier).to.equal(built.verifier.digest)
    })

    it('accept it, on chain and off chain, and the contract stays below its gas cap', async () => {
      expect(await chain.answer(publicInputs, proof)).to.equal('valid')
      const gas = await chain.gasUsed(publicInputs, proof)
      console.log(`      verify: ${gas} gas, a proof of ${proof.length} bytes`)
      expect(gas * 1.1).to.be.below(facts.verifier.gas)
      const evm = await ContractVerifier.create(built.contract.code!)
      expect(await evm.verify({ ...record, publicInputs, proof }, facts.verifier.gas)).to.not.have.property('error')
      if (!(await sandboxWorks()))
        return console.log('      SKIP of a part: this machine cannot make a bubblewrap sandbox')
      const sandbox = new Sandbox(join(directory(), 'runs'), store)
      expect((await sandbox.run(built.verifier, { public_inputs: publicInputs, proof })).verdict).to.equal('valid')
      for (const wrong of [flipped(proof, 5000), proof.subarray(0, -32), oversized(proof)])
        expect((await sandbox.run(built.verifier, { public_inputs: publicInputs, proof: wrong })).verdict).to.equal(
          'invalid',
        )
    })

    it('refuse the proof with any byte changed, and with a wrong length', async () => {
      expect(await chain.sweep(publicInputs, proof, HONK_STEP)).to.deep.equal({ honest: true, unnoticed: undefined })
      for (const wrong of [...wrongLengths(proof), oversized(proof)])
        expect(await chain.answer(publicInputs, wrong)).to.not.equal('valid')
    })

    it('refuse the public inputs with any byte changed, a wrong length, and words equal modulo the field', async () => {
      const words = fromWords(publicInputs)
      for (const wrong of [
        ...Array.from(publicInputs.keys(), (at) => flipped(publicInputs, at)),
        ...wrongLengths(publicInputs),
        ...words.map((word, index) => toWords(words.with(index, word + FIELD))),
        toWords(words.toReversed()),
      ])
        expect(await chain.answer(wrong, proof)).to.not.equal('valid')
    })
  })

  describe('verifiers under another key', () => {
    it('refuse the recorded proof, whichever byte of the key is changed', async () => {
      const { contract } = await buildVerifier(new DirectoryStore(join(directory(), 'other')))
      const chain = await OnChain.deploy(contract)
      const key = fromWords(await readFile(join(KEYS, 'development.vk'))).slice(HONK_KEY_HEADER)
      const mutations = keyMutations(await chain.code(), key, HONK_STEP)
      let count = 0
      for await (const { name, answer } of chain.answersOf(mutations, publicInputs, proof)) {
        expect(answer, name).to.not.equal('valid')
        count++
      }
      console.log(`      ${count} bytes of the key`)
      expect(await chain.answer(publicInputs, proof), 'under its own').to.equal('valid')
    })
  })

  describe('prover', function () {
    before(async function () {
      const why = await whyNotProved()
      if (why !== undefined) {
        console.log(`      SKIP: ${why}; PROGRAM_TESTS=full fetches it and proves`)
        this.skip()
      }
    })

    it('makes the roots that Aztec’s test expects, and refuses what is no batch', async () => {
      const { batch, shaRoot, convertedRoot } = AZTEC_TEST
      const { files } = await makeInputs(batch)
      expect(fromWords(files.public_inputs)).to.deep.equal([shaRoot, convertedRoot, 42n, 7n])
      const { messages } = batch
      for (const wrong of [
        { ...batch, messages: messages.slice(1) },
        { ...batch, messages: messages.with(7, FIELD) },
        { ...batch, proverId: -1n },
      ] satisfies Batch[])
        expect(await makeInputs(wrong).catch((error: unknown) => error)).to.be.instanceOf(RangeError)
    })

    if (FULL)
      it('has keys that are made again byte for byte', async () => {
        expect(await differing(await generate())).to.deep.equal([])
      })

    it('proves in a sandbox what both verifiers accept; a damaged witness gives a reason and no proof', async () => {
      const store = new DirectoryStore(join(directory(), 'prover'))
      const program = await buildPackages({ store, variant: 'development', directory: null, download: null })
      const chain = await OnChain.deploy(program.contract)
      const sandbox = new Sandbox(join(directory(), 'proving'), store)
      const messages = Array.from({ length: 256 }, (_, index) => (index < 16 ? hashOf(Buffer.of(index)) : 0n))
      const { files } = await makeInputs({ messages, vkTreeRoot: 1n, proverId: 2n })
      const run = await sandbox.run(program.prover, { ...files })
      expect(run.verdict, run.logs).to.equal('ok')
      const fresh = run.out.get('proof')!
      expect(fresh).to.have.length(proof.length)
      expect(await chain.answer(files.public_inputs, fresh)).to.equal('valid')
      expect(await chain.answer(publicInputs, fresh), 'for another batch').to.equal('reverted')
      const inputs = { public_inputs: files.public_inputs, proof: fresh }
      expect((await sandbox.run(program.verifier, inputs)).verdict).to.equal('valid')
      const damaged = await sandbox.run(program.prover, { ...files, 'witness.gz': files['witness.gz'].slice(0, -20) })
      expect(damaged.verdict).to.equal('failed')
      expect(damaged.logs, 'a reason').to.match(/witness|gzip|decompress/i)
      if (FULL) await expectLinted(program, store, directory(), { ...files })
    })
  })
})

/** Fetching 55 MB and proving for a minute is for those who ask for it, or who did it before. */
async function whyNotProved(): Promise<string | undefined> {
  if (!(await sandboxWorks())) return 'this machine cannot make a bubblewrap sandbox'
  if (freemem() < NEEDED_BYTES) return `the prover wants 6 GiB, and ${(freemem() / 2 ** 30).toFixed(1)} are free`
  if (!FULL) return 'Aztec’s circuit is 55 MB of npm and a minute of proving'
  return undefined
}

/** SHA-256, cut to 31 bytes so that it is a field element, as Aztec's contracts on Ethereum have it. */
function hashOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${createHash('sha256').update(bytes).digest('hex').slice(0, 62)}`)
}

/** The root of a binary tree of such hashes. */
function shaRootOf(leaves: readonly bigint[]): bigint {
  if (leaves.length === 1) return leaves[0]!
  const above = Array.from({ length: leaves.length / 2 }, (_, index) =>
    hashOf(toWords([leaves[2 * index]!, leaves[2 * index + 1]!])),
  )
  return shaRootOf(above)
}
