import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expect } from 'chai'
import { AbiCoder, getBytes } from 'ethers'

import { buildPackages } from '../../programs/filecoin/build.js'
import { challengedLeaf } from '../../programs/filecoin/challenges.js'
import { contractKey } from '../../programs/filecoin/contract.js'
import { commitmentOf, makeInputs, type PostInputs } from '../../programs/filecoin/inputs.js'
import type { VerifyingKey } from '../../programs/filecoin/key.js'
import { generate, pinnedKey } from '../../programs/filecoin/keys.js'
import { developmentParameters } from '../../programs/filecoin/parameters.js'
import { poseidon } from '../../programs/filecoin/poseidon.js'
import { sampleInputs, sampleSector } from '../../programs/filecoin/samples.js'
import { PROGRAMS, type Shape } from '../../programs/filecoin/shapes.js'
import { PROVER } from '../../programs/filecoin/tool.js'
import { whyInvalid } from '../../programs/filecoin/verify.js'
import { readR1cs, type Row } from '../../programs/groth16-sudoku/r1cs.js'
import { differing } from '../../programs/support/pinned.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { fromWords, toWords } from '../../programs/support/words.js'
import { readElf } from '../../sdk/src/content/elf/readElf.js'
import { buildPackage, type BuiltPackage, DirectoryStore } from '../../sdk/src/content/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { OnChain } from './chain.js'
import { FIRST_NETWORK_SECTOR as FIRST } from './firstNetworkSector.js'
import { expectLinted } from './lint.js'
import { flipped, keyBytesMutations, oversized, wrongLengths } from './mutations.js'
import { CONTEXT, FULL, LIMIT_MS, Sandbox, sandboxWorks } from './support.js'

const { Fr } = bls12_381.fields
const SMALL = PROGRAMS.small

describe('filecoin', function () {
  this.timeout(LIMIT_MS)

  describe('parameters of Filecoin', () => {
    it('reproduces the digests of Poseidon that Filecoin publishes, twice', async () => {
      for (const [arity, digest] of [
        [2, '396508d75e76a56b739e0fd902efe161a6fba9339d05a69d2e203c369a02e7ff'],
        [4, '58a54b10a9e5848a00db3c6579229399fb6b4605bf1327ec019814ff6662075d'],
        [8, '2394611da3a5de5512010042116770774b682e9d9cc4aed92a9934f56d38a5e6'],
      ] as const) {
        const preimage = Array.from({ length: arity }, (_, i) => BigInt(i))
        expect(poseidon(preimage).toString(16).padStart(64, '0')).to.equal(digest)
        if (arity !== 4) expect(await proverHash(preimage)).to.equal(digest)
      }
    })

    it('reproduces commitment, tree and challenges of the first network’s sector', async () => {
      for (const [level, node] of FIRST.nodes.entries()) {
        const above = little(FIRST.nodes[level + 1] ?? FIRST.commRLast)
        expect(poseidon(new Array<bigint>(8).fill(little(node)))).to.equal(above)
      }
      const roots = [little(FIRST.commC), little(FIRST.commRLast)]
      expect(poseidon(roots)).to.equal(little(FIRST.commR))
      expect(BigInt(`0x${await proverHash(roots)}`)).to.equal(little(FIRST.commR))
      for (const [index, path] of FIRST.paths.entries()) {
        const leaf = path.reduceRight((leaf, place) => 8n * leaf + BigInt(place), 0n)
        expect(challengedLeaf(FIRST.randomness, FIRST.number, index, FIRST)).to.equal(leaf)
      }
    })
  })

  describe('circuit', () => {
    it('leaves no signal free: every one replaced by another value violates a constraint', async () => {
      const { files } = sampleInputs(SMALL)
      const args = [SMALL.sectors, SMALL.challenges, SMALL.levels].map(String)
      const { out: file } = await PROVER.run(['circuit', ...args, 'out'], {})
      const context = [CONTEXT.workload, CONTEXT.prover].map((text) => text.slice(2)).join(' ')
      const { out: witnessFile } = await PROVER.run(['witness', ...args, 'out'], { ...files }, context)
      const circuit = readR1cs(file)
      expect(circuit.prime).to.equal(Fr.ORDER)
      const witness = fromWords(Buffer.from(witnessFile.subarray(76)).reverse()).reverse()
      expect(witness).to.have.length(circuit.signals)

      const valueOf = (row: Row, values: readonly bigint[]): bigint =>
        Fr.create(row.reduce((sum, [signal, coefficient]) => sum + coefficient * (values[signal] ?? 0n), 0n))
      const violated = (index: number, values: readonly bigint[]): boolean => {
        const [a, b, c] = circuit.constraints[index]!.map((row) => valueOf(row, values)) as [bigint, bigint, bigint]
        return Fr.mul(a, b) !== c
      }
      const containing = Array.from({ length: circuit.signals }, () => new Set<number>())
      circuit.constraints.forEach((rows, index) => {
        expect(violated(index, witness)).to.equal(false)
        for (const [signal] of rows.flat()) containing[signal]!.add(index)
      })
      for (let signal = 0; signal < circuit.signals; signal++) {
        for (const value of [Fr.add(witness[signal]!, 1n), Fr.sub(1n, witness[signal]!)]) {
          if (value === witness[signal]) continue
          const values = witness.with(signal, value)
          const found = [...containing[signal]!].some((index) => violated(index, values))
          expect(found, `signal ${signal}`).to.equal(true)
        }
      }
    })
  })

  describe('keys', () => {
    it('are made again byte for byte, with the contracts', async () => {
      for (const name of FULL ? (['small', 'window', 'winning'] as const) : (['small', 'window'] as const))
        expect(await differing(await generate(name))).to.deep.equal([])
    })
  })

  describe('packages and contract', () => {
    const directory = useTemporaryDirectory()
    const { files } = sampleInputs(SMALL)
    const publicInputs = files.public_inputs
    let store: DirectoryStore
    let sandbox: Sandbox
    let program: BuiltProgram
    let chain: OnChain
    let key: VerifyingKey
    let proof: Uint8Array

    before(async function () {
      if (!(await sandboxWorks())) {
        console.log('      SKIP: this machine cannot make a bubblewrap sandbox')
        this.skip()
      }
      store = new DirectoryStore(`${directory()}/store`)
      sandbox = new Sandbox(directory(), store)
      program = await buildPackages({ store, post: 'small' })
      chain = await OnChain.deploy(program.contract)
      key = await pinnedKey('small')
      proof = await proofOf(program.prover, files)
    })

    it('has nothing for the linter to find but what it says of itself', async () => {
      await expectLinted(program, store, directory(), { ...files })
    })

    it('proves and verifies, off chain and on chain; no two proofs are alike', async () => {
      expect(proof).to.have.length(384)
      expect((await sandbox.run(program.verifier, { ...files, proof })).verdict).to.equal('valid')
      expect(await chain.answer(publicInputs, proof)).to.equal('valid')
      const again = await proofOf(program.prover, files)
      expect(again).to.not.deep.equal(proof)
      expect(await chain.answer(publicInputs, again)).to.equal('valid')
    })

    it('proves the first network’s sector of 512 MiB', async () => {
      const shape: Shape = { sectors: 1, challenges: 2, levels: FIRST.levels }
      const { bytes, key: itsKey } = await developmentParameters(shape)
      const inclusion = [FIRST.nodes[0], ...FIRST.nodes.flatMap((node) => new Array<string>(7).fill(node))]
      const vanilla = [FIRST.commC, FIRST.commRLast, ...inclusion, ...inclusion].join('')
      const inputs = {
        public_inputs: Buffer.concat([FIRST.randomness, toWords([FIRST.number, little(FIRST.commR)])]),
        vanilla: Buffer.concat([Buffer.from('FILPOST1'), Buffer.from(vanilla, 'hex')]),
      }
      const itsProof = await proofOf(await pack(bytes), inputs)
      expect(whyInvalid(shape, itsKey, CONTEXT, inputs.public_inputs, itsProof)).to.equal(undefined)
    })

    it('is a static ELF, and its packages say that anyone can forge', async () => {
      const path = join(directory(), 'prover')
      await writeFile(path, await PROVER.compile())
      expect(await readElf(path)).to.deep.equal({ kind: 'fixed', needed: [], rpath: [], runpath: [] })
      for (const { manifest } of [program.prover, program.verifier])
        expect(manifest.labels.join()).to.include('anyone can forge')
    })

    it('stays below its gas cap whatever leaves are challenged, with a tenth to spare', async () => {
      const bitsOf = (randomness: Uint8Array): number =>
        Array.from({ length: SMALL.challenges }, (_, n) => challengedLeaf(randomness, 1000n, n, SMALL))
          .flatMap((leaf) => [...leaf.toString(2)])
          .filter((bit) => bit === '1').length
      const gasOf = async (randomness: Uint8Array): Promise<number> => {
        const { files: inputs } = sampleInputs(SMALL, 'sample', randomness)
        return chain.gasUsed(inputs.public_inputs, await proofOf(program.prover, inputs))
      }
      const all = Array.from({ length: 200 }, (_, n) => new Uint8Array(32).fill(n)).sort(
        (a, b) => bitsOf(a) - bitsOf(b),
      )
      const [few, many] = [all[0]!, all.at(-1)!]
      const [low, high] = [await gasOf(few), await gasOf(many)]
      const perBit = (high - low) / (bitsOf(many) - bitsOf(few))
      const worst = low + perBit * (3 * SMALL.levels * SMALL.challenges - bitsOf(few))
      console.log(`      verify: ${low} to ${high} gas, ${Math.round(perBit)} a bit, at worst ${Math.round(worst)}`)
      expect(worst * 1.1).to.be.below(program.contract.gas)
    })

    it('finds no proof valid on a chain without the precompiles', async () => {
      const old = await OnChain.deploy(program.contract, new Uint8Array(), 'cancun')
      expect(await old.answer(publicInputs, proof)).to.equal('not valid')
    })

    it('refuses a proof with any byte changed', async () => {
      for (let at = 0; at < proof.length; at++) await refused(publicInputs, flipped(proof, at))
      expect((await sandbox.run(program.verifier, { ...files, proof: flipped(proof, 100) })).verdict).to.equal(
        'invalid',
      )
    })

    it('refuses public inputs with any byte changed', async () => {
      for (let at = 0; at < publicInputs.length; at++) await refused(flipped(publicInputs, at), proof)
    })

    it('refuses proofs and public inputs of a wrong length', async () => {
      for (const wrong of [...wrongLengths(proof), oversized(proof)]) {
        await refused(publicInputs, wrong)
        expect((await sandbox.run(program.verifier, { ...files, proof: wrong })).verdict).to.equal('invalid')
      }
      for (const wrong of wrongLengths(publicInputs)) await refused(wrong, proof)
    })

    it('refuses every second name of a number, the point at infinity and points outside the groups', async () => {
      const words = fromWords(publicInputs)
      await refused(toWords(words.with(1, words[1]! + (1n << 64n))), proof)
      await refused(toWords(words.with(2, words[2]! + Fr.ORDER)), proof)
      for (let at = 0; at < proof.length; at += 48) {
        const number = BigInt(`0x${Buffer.from(proof.subarray(at, at + 48)).toString('hex')}`)
        const bytes = Buffer.from((number + bls12_381.fields.Fp.ORDER).toString(16).padStart(96, '0'), 'hex')
        await refused(publicInputs, replaced(proof, at, bytes))
      }
      for (const [at, size] of [
        [0, 96],
        [96, 192],
        [288, 96],
      ] as const)
        await refused(publicInputs, replaced(proof, at, new Uint8Array(size)))
      await refused(publicInputs, new Uint8Array(proof.length))
      await refused(publicInputs, replaced(proof, 0, offGroup()))
    })

    it('refuses a proof for another workload or of another prover', async () => {
      for (const other of [
        { ...CONTEXT, workload: `0x${'11'.repeat(31)}12` },
        { ...CONTEXT, prover: `0x${'22'.repeat(19)}23` },
        { workload: `0x${'0'.repeat(64)}`, prover: `0x${'0'.repeat(40)}` },
      ]) {
        expect(whyInvalid(SMALL, key, other, publicInputs, proof)).to.be.a('string')
        expect(await chain.answer(publicInputs, proof, other)).to.equal('not valid')
      }
    })

    it('refuses an honest proof under any other key', async () => {
      const points = contractKey(SMALL, key)
      const whole = Buffer.from(points.join(''), 'hex')
      const contract = {
        name: 'FilecoinKeyedVerifier',
        source: 'test/support/contracts/FilecoinKeyedVerifier.sol',
        gas: 700_000,
      }
      const answerUnder = async (bytes: Uint8Array): Promise<string> =>
        (await OnChain.deploy(contract, getBytes(AbiCoder.defaultAbiCoder().encode(['bytes'], [bytes])))).answer(
          publicInputs,
          proof,
        )
      expect(await answerUnder(whole)).to.equal('valid')
      const answers = chain.answersOf(keyBytesMutations(await chain.code(), whole), publicInputs, proof)
      for await (const { name, answer } of answers) expect(answer, name).to.not.equal('valid')
      expect(await answerUnder(flipped(whole, 40)), 'given at deployment').to.not.equal('valid')
      // The verifier program: every seventh byte of its key; in full every byte.
      for (const [name, change] of changedKeys(key, FULL ? 1 : 7))
        expect(refusal(change, publicInputs, proof), name).to.be.a('string')
      for (const name of ['alpha', 'beta', 'gamma', 'delta'] as const) {
        const swapped = { ...key, [name]: key[name === 'alpha' ? 'alpha' : name === 'beta' ? 'gamma' : 'beta'] }
        if (name === 'alpha') swapped.alpha = key.inputs[0]!
        expect(whyInvalid(SMALL, swapped, CONTEXT, publicInputs, proof)).to.be.a('string')
      }
    })

    it('refuses proofs of another circuit and under other secrets, valid under their own keys', async () => {
      const cases: ReadonlyArray<readonly [Shape, string?]> = [
        [{ ...SMALL, challenges: 3 }],
        [SMALL, 'other parameters'],
      ]
      for (const [shape, name] of cases) {
        const other = await developmentParameters(shape, name)
        const { files: inputs } = makeInputs(shape, publicInputs.subarray(0, 32), [
          sampleSector('sample 0', 1000n, shape),
        ])
        expect(inputs.public_inputs).to.deep.equal(publicInputs)
        const foreign = await proofOf(await pack(other.bytes), inputs)
        expect(whyInvalid(shape, other.key, CONTEXT, publicInputs, foreign)).to.equal(undefined)
        await refused(publicInputs, foreign)
      }
    })

    it('says what is wrong with a job', async () => {
      const { vanilla } = files
      const words = fromWords(publicInputs)
      const other = toWords(words.with(2, commitmentOf(sampleSector('other', 1000n, SMALL))))
      const parameters = (await developmentParameters(SMALL)).bytes
      const withPrefix = (prefix: string): Uint8Array => Buffer.concat([Buffer.from(prefix), vanilla.subarray(8)])
      const cases: ReadonlyArray<readonly [Readonly<Record<string, Uint8Array>>, string]> = [
        [{ public_inputs: publicInputs }, '/in/vanilla is missing'],
        [{ vanilla }, '/in/public_inputs is missing'],
        [{ ...files, public_inputs: publicInputs.slice(1) }, 'public_inputs has the wrong length'],
        [{ ...files, public_inputs: toWords(words.with(1, 1n << 64n)) }, 'the number of sector 0 is too large'],
        [{ ...files, public_inputs: toWords(words.with(2, Fr.ORDER)) }, 'a number outside the field'],
        [{ ...files, vanilla: vanilla.slice(0, -1) }, 'vanilla is truncated'],
        [{ ...files, vanilla: Buffer.concat([vanilla, new Uint8Array(1)]) }, 'vanilla has bytes left over'],
        [{ ...files, vanilla: withPrefix('FILPOST2') }, 'vanilla has another format'],
        [{ ...files, public_inputs: other }, 'sector 0: comm_r is not the hash of comm_c and comm_r_last'],
        [{ ...files, vanilla: flipped(vanilla, 8 + 64 + 512 + 40) }, 'sector 0, challenge 1: the path from leaf'],
      ]
      for (const [inputs, why] of cases) await failing(program.prover, inputs, why)
      await failing(await pack(parameters.slice(0, -5)), files, 'parameters is truncated')
      await failing(await pack(flipped(parameters, 40)), files, 'not on the curve')
      await failing(await pack(flipped(parameters, 9)), files, 'vanilla')
      await failing(await pack(undefined), files, '/app/parameters is missing')
    })

    if (FULL)
      it('proves Window and Winning PoSt as large as Filecoin’s for 2 KiB', async () => {
        for (const post of ['window', 'winning'] as const) {
          const built = await buildPackages({ store, post })
          const contract = await OnChain.deploy(built.contract)
          const { files: inputs } = sampleInputs(PROGRAMS[post])
          const large = await proofOf(built.prover, inputs)
          expect((await sandbox.run(built.verifier, { ...inputs, proof: large })).verdict).to.equal('valid')
          expect(await contract.answer(inputs.public_inputs, large)).to.equal('valid')
          for (let at = 0; at < large.length; at += 7)
            expect(await contract.answer(inputs.public_inputs, flipped(large, at))).to.equal('not valid')
          console.log(`      ${post}: ${await contract.gasUsed(inputs.public_inputs, large)} gas`)
        }
      })

    /** The prover with other parameters. */
    async function pack(parameters: Uint8Array | undefined): Promise<BuiltPackage> {
      const { resources } = program.prover.manifest
      const files = [
        { path: 'prover', source: await PROVER.compile(), executable: true },
        ...(parameters === undefined ? [] : [{ path: 'parameters', source: parameters }]),
      ]
      return buildPackage({ name: 'other', role: 'prove', argv: ['/app/prover'], files, resources, labels: [] }, store)
    }

    async function proofOf(prover: BuiltPackage, inputs: PostInputs): Promise<Uint8Array> {
      const run = await sandbox.run(prover, { ...inputs })
      expect(run.verdict, run.logs).to.equal('ok')
      return run.out.get('proof')!
    }

    async function failing(
      prover: BuiltPackage,
      inputs: Readonly<Record<string, Uint8Array>> | PostInputs,
      why: string,
    ): Promise<void> {
      const run = await sandbox.run(prover, { ...inputs })
      expect(run.verdict).to.equal('error')
      expect((JSON.parse(run.out.get('result.json')!.toString()) as { error: string }).error).to.include(why)
      expect(run.out.has('proof')).to.equal(false)
    }

    /** Refused by the verifier program's check and by the contract, which never reverts. */
    async function refused(inputs: Uint8Array, bytes: Uint8Array): Promise<void> {
      expect(whyInvalid(SMALL, key, CONTEXT, inputs, bytes)).to.be.a('string')
      expect(await chain.answer(inputs, bytes)).to.equal('not valid')
    }
  })
})

/** The key with one byte of one point changed, for every `step`th byte. */
function* changedKeys(key: VerifyingKey, step: number): Generator<readonly [name: string, key: VerifyingKey]> {
  const changes = (point: string): string[] =>
    Array.from({ length: Math.floor(point.length / 2 / step) }, (_, index) =>
      Buffer.from(flipped(Buffer.from(point, 'hex'), index * step)).toString('hex'),
    )
  for (const name of ['alpha', 'beta', 'gamma', 'delta'] as const)
    for (const [at, other] of changes(key[name]).entries()) yield [`${name} ${at * step}`, { ...key, [name]: other }]
  for (const [index, point] of key.inputs.entries())
    for (const [at, other] of changes(point).entries())
      yield [`input ${index} ${at * step}`, { ...key, inputs: key.inputs.with(index, other) }]
}

/** Why the verifier program refuses a proof under a key: a key that cannot be read is a reason too. */
function refusal(key: VerifyingKey, publicInputs: Uint8Array, proof: Uint8Array): string | undefined {
  try {
    return whyInvalid(SMALL, key, CONTEXT, publicInputs, proof)
  } catch (error) {
    return String(error)
  }
}

async function proverHash(preimage: readonly bigint[]): Promise<string> {
  const lines = preimage.map((number) => Buffer.from(toWords([number])).toString('hex'))
  return (await PROVER.run(['hash'], {}, lines.join('\n'))).printed.trim()
}

/** A number of little-endian bytes, hexadecimal. */
function little(hex: string): bigint {
  return BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`)
}

function replaced(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set(part, at)
  return copy
}

/** A point on the curve of G1 but outside its subgroup, which nearly every point of the curve is. */
function offGroup(): Uint8Array {
  const { Fp } = bls12_381.fields
  for (let x = 1n; ; x++) {
    try {
      const y = Fp.sqrt(Fp.create(x * x * x + 4n))
      return Buffer.from([x, y].map((number) => number.toString(16).padStart(96, '0')).join(''), 'hex')
    } catch {
      // Not the x of a point: half of all numbers are not.
    }
  }
}
