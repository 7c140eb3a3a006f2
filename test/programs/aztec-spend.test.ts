import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { bn254 } from '@noble/curves/bn254.js'
import { expect } from 'chai'

import { buildPackages } from '../../programs/aztec-spend/build.js'
import facts from '../../programs/aztec-spend/program.json' with { type: 'json' }
import { withBb } from '../../programs/support/bb.js'
import { ContractVerifier } from '../../programs/support/evm.js'
import { exampleNote, makeInputs, type SpendInputs } from '../../programs/aztec-spend/inputs.js'
import { availableSrs, generate } from '../../programs/aztec-spend/keys.js'
import { isPowersOf } from '../../programs/support/pairing.js'
import { developmentG2, IGNITION_G2, resolveSrs, type Srs } from '../../programs/support/srs.js'
import { differing } from '../../programs/support/pinned.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { creationCode } from '../../programs/support/solc.js'
import { fromWords, toWords } from '../../programs/support/words.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { OnChain } from './chain.js'
import { expectLinted } from './lint.js'
import { flipped, HONK_KEY_HEADER, HONK_STEP, keyMutations, oversized, wrongLengths } from './mutations.js'
import { FULL, LIMIT_MS, Sandbox, sandboxWorks } from './support.js'

const KEYS = join(import.meta.dirname, '..', '..', 'programs', 'aztec-spend', 'keys')
const GAS = facts.verifier.gas
const VARIANTS = ['ignition', 'development'] as const

/** What one variant made of the first note. */
interface Sample {
  readonly program: BuiltProgram
  readonly chain: OnChain
  readonly proof: Uint8Array
  readonly offChain: (publicInputs: Uint8Array, proof: Uint8Array) => Promise<string>
}

describe('aztec-spend', function () {
  this.timeout(LIMIT_MS)
  const directory = useTemporaryDirectory()
  const samples: Sample[] = []
  let notes: SpendInputs[]

  before(async () => {
    notes = await Promise.all(['one', 'two', 'three'].map((name) => makeInputs(exampleNote(name))))
  })

  describe('inputs', () => {
    it('give every note its own root, nullifier and commitment, the same each time', async () => {
      expect(new Set(notes.flatMap(({ files }) => fromWords(files.public_inputs))).size).to.equal(9)
      const again = await makeInputs(exampleNote('one'))
      expect(again.files.public_inputs).to.deep.equal(notes[0]!.files.public_inputs)
    })

    it('tie the nullifier to the note and its place, not to the root', async () => {
      const note = exampleNote('one')
      const nullifier = async (change: Partial<typeof note>): Promise<bigint> =>
        fromWords((await makeInputs({ ...note, ...change })).files.public_inputs)[1]!
      const own = await nullifier({})
      expect(await nullifier({ path: note.path.with(7, 5n) }), 'the tree has grown').to.equal(own)
      expect(await nullifier({ index: note.index ^ 1 }), 'another place').to.not.equal(own)
      expect(await nullifier({ secret: 5n }), 'another owner').to.not.equal(own)
      expect(await nullifier({ blinding: 5n }), 'another note').to.not.equal(own)
    })

    it('refuse what is not a note', async () => {
      const note = exampleNote('one')
      const field = bn254.fields.Fr.ORDER
      for (const change of [{ secret: field }, { value: -1n }, { index: 256 }, { path: note.path.slice(1) }]) {
        const error = await makeInputs({ ...note, ...change }).catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(RangeError)
      }
    })
  })

  describe('SRS', () => {
    it('of development is made here, always the same', async () => {
      const { variant, points } = await resolveSrs({ variant: 'development', directory: null, download: null })
      expect(variant).to.equal('development')
      expect(isPowersOf(points, developmentG2())).to.equal(true)
      expect(isPowersOf(points, IGNITION_G2)).to.equal(false)
    })

    it('of the ceremony holds the powers of its published point', async function () {
      const srs = await ignition()
      if (srs === undefined) {
        console.log('      SKIP: the ceremony SRS is not here (set CRS_PATH)')
        return this.skip()
      }
      expect(isPowersOf(srs.points, IGNITION_G2)).to.equal(true)
    })

    it('that is damaged, short, missing or foreign is refused', async () => {
      const good = (await resolveSrs({ variant: 'development', directory: null, download: null })).points
      for (const [name, points, why] of [
        ['damaged', flipped(good, 999), 'neither'],
        ['short', good.slice(0, -64), 'holds no SRS'],
      ] as const) {
        await mkdir(join(directory(), name))
        await writeFile(join(directory(), name, 'bn254_g1.dat'), points)
        expect(await failure(resolveSrs({ directory: join(directory(), name), download: null }))).to.include(why)
      }
      expect(await failure(resolveSrs({ directory: join(directory(), 'missing'), download: null }))).to.include(
        'holds no SRS',
      )
    })

    it('is read in the compressed form of newer bb, also from a server that ignores ranges', async function () {
      const srs = await ignition()
      if (srs === undefined) {
        console.log('      SKIP: the ceremony SRS is not here (set CRS_PATH)')
        return this.skip()
      }
      const file = Buffer.concat([compressed(srs.points), randomBytes(100_000)])
      const home = process.env['HOME']
      process.env['HOME'] = directory() // no ~/.bb-crs there
      try {
        const found = await resolveSrs({ directory: null, download: async () => new Response(file) })
        expect(found.variant).to.equal('ignition')
        const forged = await resolveSrs({ directory: null, download: async () => new Response(flipped(file, 40)) })
        expect(forged.variant).to.equal('development')
        const offline = resolveSrs({
          directory: null,
          variant: 'ignition',
          download: () => Promise.reject(new Error('offline')),
        })
        expect(await failure(offline)).to.include('CRS_PATH')
      } finally {
        process.env['HOME'] = home
      }
      await writeFile(join(directory(), 'bn254_g1_compressed.dat'), file)
      expect((await resolveSrs({ directory: directory(), download: null })).variant).to.equal('ignition')
    })
  })

  describe('keys', () => {
    it('are made again byte for byte, with the contracts', async () => {
      const available = await availableSrs(null)
      if (available.length < VARIANTS.length) console.log('      the ceremony SRS is not here: development keys only')
      expect(await differing(await generate(available))).to.deep.equal([])
    })
  })

  for (const variant of VARIANTS) {
    describe(`packages and contract, ${variant} SRS`, () => {
      let store: DirectoryStore
      let sandbox: Sandbox
      let program: BuiltProgram
      let chain: OnChain
      let proof: Uint8Array
      let publicInputs: Uint8Array

      before(async function () {
        const srs = variant === 'ignition' ? await ignition() : await resolveSrs({ variant, download: null })
        if (srs === undefined || !(await sandboxWorks())) {
          console.log(
            `      SKIP: ${srs === undefined ? 'the ceremony SRS is not here (set CRS_PATH)' : 'no bubblewrap sandbox on this machine'}`,
          )
          return this.skip()
        }
        store = new DirectoryStore(join(directory(), 'store'))
        sandbox = new Sandbox(join(directory(), variant), store)
        program = await buildPackages({ store, variant, download: null })
        chain = await OnChain.deploy(program.contract)
        publicInputs = notes[0]!.files.public_inputs
        proof = await proofOf(notes[0]!)
        samples.push({ program, chain, proof, offChain })
      })

      it('has nothing for the linter to find but what it says of itself', async () => {
        await expectLinted(program, store, directory(), { ...notes[0]!.files })
      })

      it('proves and verifies, off chain and on chain, several notes', async () => {
        expect(program.variant).to.equal(variant)
        for (const note of notes) {
          const fresh = await proofOf(note)
          expect(await offChain(note.files.public_inputs, fresh)).to.equal('valid')
          expect(await chain.answer(note.files.public_inputs, fresh)).to.equal('valid')
        }
      })

      it('stays below its gas cap, with a tenth to spare', async () => {
        const gas = await chain.gasUsed(publicInputs, proof)
        console.log(`      verify: ${gas} gas`)
        expect(gas * 1.1).to.be.below(program.contract.gas)
      })

      it('says so when its parameters are for development', () => {
        const labels = [program.prover, program.verifier].map(({ manifest }) => manifest.labels.join())
        for (const label of labels) expect(label.includes('anyone can forge')).to.equal(variant === 'development')
      })

      it('refuses a proof with any byte changed; the contract reverts, which is not valid', async () => {
        expect(await chain.sweep(publicInputs, proof, HONK_STEP)).to.deep.equal({
          honest: true,
          unnoticed: undefined,
        })
        expect(await chain.answer(publicInputs, flipped(proof, 40)), 'by custom errors').to.equal('reverted')
        for (let at = 7; at < proof.length; at += 900)
          expect(await offChain(publicInputs, flipped(proof, at))).to.equal('invalid')
      })

      it('refuses it off chain too; and an honest proof under a key with any byte changed', async () => {
        const key = await readFile(join(KEYS, `${variant}.vk`))
        const words = fromWords(key).slice(HONK_KEY_HEADER)
        const answers = chain.answersOf(keyMutations(await chain.code(), words, HONK_STEP), publicInputs, proof)
        for await (const { name, answer } of answers) expect(answer, name).to.not.equal('valid')
        if (variant === 'ignition') {
          const accepted = await acceptedByBb(await resolveSrs({ variant, download: null }), {
            publicInputs,
            proof,
            key,
          })
          expect(accepted).to.deep.equal(['honest'])
        } else {
          // The verifier program is the contract in another EVM, which takes a tenth of a second for each.
          const { source, name } = program.contract
          expect(await acceptedByEvm(creationCode(source, name), words, { publicInputs, proof })).to.deep.equal([])
        }
      })

      it('refuses proofs and public inputs of a wrong length', async () => {
        for (const wrong of [...wrongLengths(proof), oversized(proof)]) {
          expect(await chain.answer(publicInputs, wrong)).to.not.equal('valid')
          expect(await offChain(publicInputs, wrong)).to.equal('invalid')
        }
        for (const wrong of wrongLengths(publicInputs)) {
          expect(await chain.answer(wrong, proof)).to.not.equal('valid')
          expect(await offChain(wrong, proof)).to.equal('invalid')
        }
      })

      it('refuses other public inputs, also those that are equal modulo the field', async () => {
        const words = fromWords(publicInputs)
        const wrong = [
          notes[1]!.files.public_inputs,
          toWords(words.toReversed()),
          ...Array.from(publicInputs.keys(), (at) => flipped(publicInputs, at)),
          ...words
            .map((_, index) => index)
            .map((index) => toWords(words.with(index, words[index]! + bn254.fields.Fr.ORDER))),
        ]
        for (const [index, inputs] of wrong.entries()) {
          expect(await chain.answer(inputs, proof)).to.not.equal('valid')
          // A program takes half a second: a sample of them.
          if (index % 16 === 0) expect(await offChain(inputs, proof)).to.equal('invalid')
        }
      })

      it('makes no proof from a damaged witness', async () => {
        const witness = notes[0]!.files['witness.gz']
        const run = await sandbox.run(program.prover, { ...notes[0]!.files, 'witness.gz': witness.slice(0, -20) })
        expect(run.verdict).to.equal('failed')
      })

      async function proofOf(note: SpendInputs): Promise<Uint8Array> {
        const run = await sandbox.run(program.prover, note.files)
        expect(run.verdict, run.logs).to.equal('ok')
        return run.out.get('proof')!
      }

      async function offChain(inputs: Uint8Array, bytes: Uint8Array): Promise<string> {
        return (await sandbox.run(program.verifier, { public_inputs: inputs, proof: bytes })).verdict
      }
    })
  }

  describe('variants', () => {
    it('refuse the proofs of each other', async function () {
      const [one, other] = samples
      if (one === undefined || other === undefined) {
        console.log('      SKIP: only one variant can be built on this machine')
        return this.skip()
      }
      const publicInputs = notes[0]!.files.public_inputs
      for (const [mine, foreign] of [
        [one, other],
        [other, one],
      ] as const) {
        expect(await mine.chain.answer(publicInputs, foreign.proof)).to.equal('reverted')
        expect(await mine.offChain(publicInputs, foreign.proof)).to.equal('invalid')
        const { source, name, gas } = mine.program.contract
        const verifier = await ContractVerifier.create(creationCode(source, name))
        const call = { workload: '0x1', prover: '0x2', publicInputs }
        expect((await verifier.verify({ ...call, proof: foreign.proof }, gas)).error).to.include('revert')
        expect(await verifier.verify({ ...call, proof: mine.proof }, gas)).to.not.have.property('error')
      }
    })
  })
})

/** What bb accepts of an honest proof, and of the proof and the key with one byte changed: every 17th byte, in full every byte. */
async function acceptedByBb(
  srs: Srs,
  { publicInputs, proof, key }: Readonly<Record<'publicInputs' | 'proof' | 'key', Uint8Array>>,
): Promise<string[]> {
  const step = FULL ? 1 : 17
  return withBb(srs, { public_inputs: publicInputs }, async (bb, directory) => {
    const accepted: string[] = []
    const attempt = async (name: string, files: { proof?: Uint8Array; vk?: Uint8Array } = {}): Promise<void> => {
      for (const [file, bytes] of Object.entries({ proof, vk: key, ...files }))
        await writeFile(join(directory, file), bytes)
      const verify = bb('verify', '-p', 'proof', '-i', 'public_inputs', '-k', 'vk', '-t', 'evm', '-c', '.')
      await verify.then(() => accepted.push(name)).catch(() => undefined)
    }
    await attempt('honest')
    for (let at = 0; at < proof.length; at += step) await attempt(`proof ${at}`, { proof: flipped(proof, at) })
    // bb reads the three numbers before the points as words of 64 bits: of each word of 32 bytes the first 24 say nothing.
    const says = (at: number): boolean => at >= 32 * HONK_KEY_HEADER || at % 32 >= 24
    for (let at = 0; at < key.length; at += step) if (says(at)) await attempt(`key ${at}`, { vk: flipped(key, at) })
    return accepted
  })
}

/** What the contract in an EVM of its own accepts of the same: every 101st byte, in full every byte. */
async function acceptedByEvm(
  code: Uint8Array,
  key: readonly bigint[],
  { publicInputs, proof }: Readonly<Record<'publicInputs' | 'proof', Uint8Array>>,
): Promise<string[]> {
  const step = FULL ? 1 : 101
  const call = { workload: '0x1', prover: '0x2', publicInputs }
  const verifier = await ContractVerifier.create(code)
  const accepted: string[] = []
  for (let at = 0; at < proof.length; at += step)
    if ((await verifier.verify({ ...call, proof: flipped(proof, at) }, GAS)).error === undefined)
      accepted.push(`proof ${at}`)
  for (const [index, { name, code: other }] of [...keyMutations(code, key)].entries()) {
    if (index % step !== 0) continue
    const under = await ContractVerifier.create(other)
    if ((await under.verify({ ...call, proof }, GAS)).error === undefined) accepted.push(name)
  }
  return accepted
}

async function ignition(): Promise<Srs | undefined> {
  return resolveSrs({ variant: 'ignition', download: null }).catch(() => undefined)
}

function compressed(points: Uint8Array): Uint8Array {
  const words = fromWords(points)
  return toWords(words.flatMap((x, index) => (index % 2 === 0 ? [x | ((words[index + 1]! & 1n) << 255n)] : [])))
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  )
}
