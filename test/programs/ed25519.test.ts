import { verify as verifySignature, createPublicKey, randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { bn254 } from '@noble/curves/bn254.js'
import { Noir } from '@noir-lang/noir_js'
import { expect } from 'chai'

import { buildPackages } from '../../programs/ed25519/build.js'
import { circuit, compileCircuit } from '../../programs/ed25519/circuit.js'
import { POINTS, writeKeys } from '../../programs/ed25519/contract.js'
import { exampleSignature, RFC_8032 } from '../../programs/ed25519/examples.js'
import {
  circuitInputs,
  makeInputs,
  publicInputs,
  type Signed,
  type SignatureInputs,
} from '../../programs/ed25519/inputs.js'
import { generate } from '../../programs/ed25519/keys.js'
import facts from '../../programs/ed25519/program.json' with { type: 'json' }
import { bbProver } from '../../programs/support/bbPackages.js'
import { ContractVerifier } from '../../programs/support/evm.js'
import { isPowersOf } from '../../programs/support/pairing.js'
import { differing } from '../../programs/support/pinned.js'
import { powersOfTau } from '../../programs/support/powers.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { resolveSrs } from '../../programs/support/srs.js'
import { fromWords, toWords } from '../../programs/support/words.js'
import { buildPackage, DirectoryStore } from '../../sdk/src/content/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { OnChain } from './chain.js'
import { expectLinted } from './lint.js'
import { flipped, HONK_KEY_HEADER, HONK_STEP, keyMutations, oversized, wrongLengths } from './mutations.js'
import { FULL, LIMIT_MS, Sandbox, sandboxWorks } from './support.js'

const SOURCES = join(import.meta.dirname, '..', '..', 'programs', 'ed25519')
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n
const FIELD = bn254.fields.Fr.ORDER

describe('ed25519', function () {
  this.timeout(LIMIT_MS)
  const directory = useTemporaryDirectory()
  const last = RFC_8032[2]!
  let inputs: SignatureInputs[]

  before(async () => {
    await resolveSrs({ variant: 'development', directory: null, download: null, points: POINTS })
    const random = exampleSignature('random', randomBytes(47))
    inputs = []
    for (const signed of [...RFC_8032, random]) inputs.push(await makeInputs(signed))
  })

  describe('inputs', () => {
    it('are made of signatures that another library finds valid, too', () => {
      for (const { publicKey, message, signature } of RFC_8032) {
        const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
        const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
        expect(verifySignature(null, message, key, signature)).to.equal(true)
      }
    })

    it('cannot be made of a signature, key or message with a bit changed', async () => {
      for (const [part, at] of [
        ['signature', 0],
        ['signature', 31],
        ['signature', 32],
        ['signature', 63],
        ['publicKey', 0],
        ['publicKey', 31],
        ['message', 1],
      ] as const)
        expect(await failure(makeInputs({ ...last, [part]: flipped(last[part], at) })), `${part} ${at}`).to.match(
          /Cannot satisfy constraint|RangeError/,
        )
    })

    it('cannot be made of a second signature: S + L, a longer message of zeros', async () => {
      const s = Buffer.from(last.signature.subarray(32)).reverse()
      const larger = Buffer.from((BigInt(`0x${s.toString('hex')}`) + ORDER).toString(16).padStart(64, '0'), 'hex')
      const malleated = Buffer.concat([last.signature.subarray(0, 32), larger.reverse()])
      const zeros = { ...RFC_8032[0]!, message: new Uint8Array(1) }
      for (const wrong of [{ ...last, signature: malleated }, zeros] satisfies Signed[])
        expect(await failure(makeInputs(wrong))).to.include('Cannot satisfy constraint')
    })

    it('of a wrong length or with an encoding that is no point are refused', async () => {
      for (const [what, wrong] of [
        ['64 bytes', { ...last, signature: last.signature.subarray(1) }],
        ['32 bytes', { ...last, publicKey: last.publicKey.subarray(1) }],
        ['at most 47', { ...last, message: new Uint8Array(48) }],
        ['not the encoding', { ...last, publicKey: new Uint8Array(32).fill(2) }],
      ] as const)
        expect(await failure(makeInputs(wrong)))
          .to.include('RangeError')
          .and.include(what)
    })
  })

  describe('circuit', () => {
    it('refuses wrong coordinates, the other sign of them, hidden bytes and other lengths', async () => {
      const good = circuitInputs(last)
      const [word = '', rest = ''] = good['message'] as string[]
      const words = good['key_x'] as string[]
      const negative = negated(words)
      for (const [name, change] of Object.entries({
        'x of the key': { key_x: [words[0]!, words[1]!, '0x1'] },
        'x of R': { r_x: words },
        'other sign': { key_x: negative },
        'bytes behind the end': { message: [word, '0x1'] },
        'a byte just behind the end': { message: [`0x${(BigInt(word) + (1n << 168n)).toString(16)}`, rest] },
        shorter: { length: '0x1' },
        longer: { length: '0x3' },
        'far too long': { length: '0x30' },
        'a length that wraps': { length: `0x${(FIELD - 1n).toString(16)}` },
      }))
        expect(await failure(new Noir(await circuit()).execute({ ...good, ...change })), name).to.match(
          /Cannot satisfy constraint|bytes behind the end of the message|the message is too long/,
        )
    })
  })

  describe('SRS', () => {
    it('is made fast but right, and the check of its powers notices one wrong point', () => {
      const tau = 0x1234567890abcdefn ** 3n
      const points = powersOfTau(tau, 300)
      const { x, y } = bn254.G2.Point.BASE.multiply(tau).toAffine()
      const g2 = [x.c1, x.c0, y.c1, y.c0]
      const third = bn254.G1.Point.BASE.multiply(bn254.fields.Fr.create(tau * tau)).toAffine()
      expect(fromWords(points.subarray(128, 192))).to.deep.equal([third.x, third.y])
      expect(isPowersOf(points, g2)).to.equal(true)
      const swapped = Uint8Array.from(points)
      swapped.set(points.subarray(64 * 298, 64 * 299), 64 * 299)
      for (const wrong of [swapped, flipped(points, 64 * 250)]) expect(isPowersOf(wrong, g2)).to.equal(false)
    })

    it('that begins well and goes on with another secret is refused', async () => {
      const own = await resolveSrs({ variant: 'development', directory: null, download: null })
      const forged = Buffer.concat([own.points, powersOfTau(7n, 64)])
      await mkdir(join(directory(), 'forged'))
      await writeFile(join(directory(), 'forged', 'bn254_g1.dat'), forged)
      const read = resolveSrs({ directory: join(directory(), 'forged'), download: null, points: 1089 })
      expect(await failure(read)).to.include('neither')
    })
  })

  describe('keys', () => {
    it('are made again byte for byte', async () => {
      expect(await differing(await generate())).to.deep.equal([])
    })
  })

  describe('packages and contract, development SRS', () => {
    let sandbox: Sandbox
    let store: DirectoryStore
    let program: BuiltProgram
    let chain: OnChain
    let words: Uint8Array
    let proof: Uint8Array

    before(async function () {
      if (!(await sandboxWorks())) {
        console.log('      SKIP: no bubblewrap sandbox on this machine')
        return this.skip()
      }
      store = new DirectoryStore(join(directory(), 'store'))
      sandbox = new Sandbox(join(directory(), 'runs'), store)
      program = await buildPackages({ store, variant: 'development', directory: null, download: null })
      chain = await OnChain.deploy(program.contract)
      words = inputs[2]!.files.public_inputs
      proof = await proofOf(inputs[2]!)
    })

    it('has nothing for the linter to find but what it says of itself', async () => {
      await expectLinted(program, store, directory(), { ...inputs[2]!.files })
    })

    it('proves and verifies a vector of the RFC and a random signature, off chain and on chain', async () => {
      for (const signed of FULL ? inputs : inputs.slice(2)) {
        const fresh = signed === inputs[2] ? proof : await proofOf(signed)
        expect(await offChain(signed.files.public_inputs, fresh)).to.equal('valid')
        expect(await chain.answer(signed.files.public_inputs, fresh)).to.equal('valid')
      }
    })

    it('stays below its gas cap, with a tenth to spare', async () => {
      const gas = await chain.gasUsed(words, proof)
      console.log(`      verify: ${gas} gas, a proof of ${proof.length} bytes`)
      expect(gas * 1.1).to.be.below(program.contract.gas)
    })

    it('says that its parameters are for development', () => {
      for (const { manifest } of [program.prover, program.verifier])
        expect(manifest.labels.join()).to.include('anyone can forge')
    })

    it('refuses a proof with any byte changed', async () => {
      expect(await chain.sweep(words, proof, HONK_STEP)).to.deep.equal({ honest: true, unnoticed: undefined })
      expect(await chain.answer(words, flipped(proof, 40)), 'by custom errors').to.equal('reverted')
      for (let at = 7; at < proof.length; at += 3000)
        expect(await offChain(words, flipped(proof, at))).to.equal('invalid')
    })

    it('refuses an honest proof under a key with any byte changed', async () => {
      const key = fromWords(await readFile(join(SOURCES, 'keys', 'development.vk'))).slice(HONK_KEY_HEADER)
      const answers = chain.answersOf(keyMutations(await chain.code(), key, HONK_STEP), words, proof)
      for await (const { name, answer } of answers) expect(answer, name).to.not.equal('valid')
      // Off chain the same code decides: every 301st byte of key and proof, in full every byte.
      const call = { workload: '0x1', prover: '0x2', publicInputs: words }
      const step = FULL ? 1 : 301
      for (const [index, { name, code }] of [...keyMutations(program.contract.code!, key)].entries()) {
        if (index % step !== 0) continue
        const under = await ContractVerifier.create(code)
        expect((await under.verify({ ...call, proof }, facts.verifier.gas)).error, name).to.be.a('string')
      }
      const own = await ContractVerifier.create(program.contract.code!)
      expect((await own.verify({ ...call, proof }, facts.verifier.gas)).error).to.equal(undefined)
      for (let at = 0; at < proof.length; at += step)
        expect(
          (await own.verify({ ...call, proof: flipped(proof, at) }, facts.verifier.gas)).error,
          `byte ${at}`,
        ).to.be.a('string')
    })

    it('refuses proofs and public inputs of a wrong length', async () => {
      for (const wrong of [...wrongLengths(proof), oversized(proof)])
        expect(await chain.answer(words, wrong)).to.not.equal('valid')
      for (const wrong of wrongLengths(words)) expect(await chain.answer(wrong, proof)).to.not.equal('valid')
      expect(await offChain(words, proof.slice(0, -32))).to.equal('invalid')
      expect(await offChain(words.slice(0, -32), proof)).to.equal('invalid')
    })

    it('refuses another key, another message, and words that are equal modulo the field', async () => {
      const values = fromWords(words)
      const wrong = [
        ...inputs.filter((_, index) => index !== 2).map(({ files }) => files.public_inputs),
        publicInputs({ ...last, message: flipped(last.message, 0) }),
        publicInputs({ ...last, publicKey: flipped(last.publicKey, 5) }),
        ...Array.from(words.keys(), (at) => flipped(words, at)),
        ...values.map((value, index) => toWords(values.with(index, value + FIELD))),
      ]
      for (const other of wrong) expect(await chain.answer(other, proof)).to.not.equal('valid')
      expect(await offChain(wrong[0]!, proof)).to.equal('invalid')
    })

    it('refuses proofs of a circuit with one line less, under its own key and under the genuine one', async () => {
      const copy = join(directory(), 'weaker')
      await cp(join(SOURCES, 'circuit'), copy, { recursive: true })
      const main = join(copy, 'src', 'main.nr')
      const text = await readFile(main, 'utf8')
      const line = 'assert(!ended | (byte == 0), "bytes behind the end of the message");'
      expect(text).to.include(line)
      await writeFile(main, text.replace(line, ''))
      const compiled = await compileCircuit(copy)
      const weaker = Buffer.from(JSON.stringify(compiled))
      const srs = await resolveSrs({ variant: 'development', directory: null, download: null, points: POINTS })
      // A true statement: nothing but the circuit is wrong.
      const { witness } = await new Noir(compiled).execute(circuitInputs(last))
      const keys = { own: (await writeKeys(weaker, srs)).key, genuine: await readFile(join(SOURCES, 'keys', 'development.vk')) } // prettier-ignore
      expect(keys.own).to.not.deep.equal(keys.genuine)
      for (const [name, key] of Object.entries(keys)) {
        const prover = await buildPackage(await bbProver({ facts, srs, key, labels: [] }, weaker), store)
        const { out, logs } = await sandbox.run(prover, { public_inputs: words, 'witness.gz': witness })
        const forged = out.get('proof')
        expect(forged, logs).to.have.length(proof.length)
        expect(await chain.answer(words, forged!), name).to.equal('reverted')
        expect(await offChain(words, forged!), name).to.equal('invalid')
      }
    })

    it('says in result.json why a proof is invalid, and crashes without one', async () => {
      const reverts = /^revert 0x[0-9a-f]{8}$/
      for (const [name, files, why] of [
        ['a changed byte', { public_inputs: words, proof: flipped(proof, 4000) }, reverts],
        ['no bytes', { public_inputs: words, proof: new Uint8Array() }, reverts],
        ['half a word', { public_inputs: words.slice(0, -16), proof }, /^the verifier contract answered no$/],
      ] as const) {
        const run = await sandbox.run(program.verifier, files)
        expect(run.exit, name).to.equal(0)
        const result = JSON.parse(String(run.out.get('result.json'))) as { status: string; error: string }
        expect(result.status, name).to.equal('invalid')
        expect(result.error, name).to.match(why)
      }
      const missing = await sandbox.run(program.verifier, { public_inputs: words })
      expect(missing.verdict).to.equal('failed')
      expect(missing.logs).to.include('/in/proof')
    })

    it('makes no proof from a damaged or missing witness', async () => {
      const { 'witness.gz': witness, public_inputs } = inputs[2]!.files
      for (const files of [{ public_inputs, 'witness.gz': witness.slice(0, -20) }, { public_inputs }]) {
        const run = await sandbox.run(program.prover, files)
        expect(run.verdict).to.equal('failed')
        expect(run.logs, 'a reason').to.match(/witness|gzip|decompress/i)
      }
    })

    async function proofOf({ files }: SignatureInputs): Promise<Uint8Array> {
      const run = await sandbox.run(program.prover, files)
      expect(run.verdict, run.logs).to.equal('ok')
      return run.out.get('proof')!
    }

    async function offChain(publicWords: Uint8Array, bytes: Uint8Array): Promise<string> {
      return (await sandbox.run(program.verifier, { public_inputs: publicWords, proof: bytes })).verdict
    }
  })
})

/** The limbs of p - x. */
function negated(limbs: readonly string[]): string[] {
  const x = limbs.reduceRight((sum, limb) => (sum << 85n) + BigInt(limb), 0n)
  const value = (1n << 255n) - 19n - x
  return [0n, 85n, 170n].map((shift) => `0x${((value >> shift) & ((1n << 85n) - 1n)).toString(16)}`)
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  )
}
