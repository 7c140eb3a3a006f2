import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { bn254 } from '@noble/curves/bn254.js'
import { expect } from 'chai'
import { wtns, type MemoryFile } from 'snarkjs'

import { compileCircuit as compileOtherCircuit } from '../../programs/groth16-sudoku/circuit.js'
import { readR1cs, type R1cs } from '../../programs/groth16-sudoku/r1cs.js'
import { solve } from '../../programs/groth16-sudoku/solver.js'
import { buildPackages } from '../../programs/marlin-sudoku/build.js'
import { compileCircuit } from '../../programs/marlin-sudoku/circuit.js'
import { makeInputs } from '../../programs/marlin-sudoku/inputs.js'
import { decodeKey, encodeKey, type VerifyingKey } from '../../programs/marlin-sudoku/key.js'
import { generate, indexCircuit, pinnedKey } from '../../programs/marlin-sudoku/keys.js'
import {
  developmentParameters,
  DEVELOPMENT_DEGREE,
  DEVELOPMENT_SECRET,
  resolveParameters,
  whyInconsistent,
} from '../../programs/marlin-sudoku/parameters.js'
import record from '../../programs/marlin-sudoku/recorded-run.json' with { type: 'json' }
import samples from '../../programs/marlin-sudoku/samples.json' with { type: 'json' }
import { PROVER } from '../../programs/marlin-sudoku/tool.js'
import {
  challengesOf,
  parseProof,
  publicPolynomial,
  vanishing,
  whyInvalid,
} from '../../programs/marlin-sudoku/verify.js'
import { differing } from '../../programs/support/pinned.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { packGrid, parseGrid } from '../../programs/support/sudoku.js'
import { fromWords, toWords } from '../../programs/support/words.js'
import { readElf } from '../../sdk/src/content/elf/readElf.js'
import { buildPackage, type BuiltPackage, DirectoryStore } from '../../sdk/src/content/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { OnChain } from './chain.js'
import { DefinedIndex, sudokuWitness, textOf, times, valueAt, violated, witnessFile } from './marlinAlgebra.js'
import { EVALUATIONS, POINTS, refusal } from './marlinProof.js'
import { expectLinted } from './lint.js'
import { flipped, keyMutations, keyWords, oversized, wrongLengths } from './mutations.js'
import { CONTEXT, LIMIT_MS, Sandbox, sandboxWorks } from './support.js'

const EASY = samples.example.puzzle
const HARD = samples.hard.puzzle
const UNSOLVABLE = '11.......'.padEnd(81, '.')

const { G1, G2 } = bn254
const { Fr, Fp: Fq } = bn254.fields
type Point = InstanceType<typeof G1.Point>

describe('marlin-sudoku', function () {
  this.timeout(LIMIT_MS)

  const clues = parseGrid(EASY)
  const solution = solve(clues)!
  const publicInputs = packGrid(clues)
  const witness = sudokuWitness(fromWords(publicInputs), clues, solution)
  let r1cs: Uint8Array
  let circuit: R1cs

  before(async () => {
    r1cs = await compileCircuit()
    circuit = readR1cs(r1cs)
  })

  describe('circuit', () => {
    it('is satisfied by a solution and by nothing that is none', () => {
      expect(violated(circuit, witness)).to.deep.equal([])
      const swapped = solution.with(2, solution[3]!).with(3, solution[2]!) // two numbers of a row: its columns repeat
      const otherClue = solution.map((number) => (number % 9) + 1) // a valid sudoku, but not of these clues
      const outOfRange = solution.with(2, 10)
      for (const wrong of [swapped, otherClue, outOfRange])
        expect(violated(circuit, sudokuWitness(fromWords(publicInputs), clues, wrong))).to.not.deep.equal([])
    })

    it('leaves no signal free: every one replaced by another value violates a constraint', () => {
      const containing = Array.from({ length: circuit.signals }, () => new Set<number>())
      circuit.constraints.forEach((matrices, i) => matrices.flat().forEach(([signal]) => containing[signal]!.add(i)))
      for (let signal = 0; signal < circuit.signals; signal++) {
        const constraints = [...containing[signal]!].map((i) => circuit.constraints[i]!)
        for (const value of [Fr.add(witness[signal]!, 1n), Fr.neg(witness[signal]!), 5n]) {
          if (value === witness[signal]) continue
          const left = violated({ ...circuit, constraints }, witness.with(signal, value))
          expect(left.length, `signal ${signal}`).to.be.above(0)
        }
      }
    })
  })

  describe('keys and parameters', () => {
    it('are made again byte for byte, with the contract', async () => {
      expect(await differing(await generate())).to.deep.equal([])
      const key = await pinnedKey()
      expect(decodeKey(encodeKey(key))).to.deep.equal(key)
    })

    it('say what an index straight from the definitions says at the secret', async () => {
      const key = await pinnedKey()
      const index = new DefinedIndex(circuit)
      expect([key.logH, key.logK]).to.deep.equal([index.logH, index.logK])
      const expected = index.polynomialsAt(DEVELOPMENT_SECRET).map((value) => G1.Point.BASE.multiply(value))
      Object.values(key.index).forEach((point, i) => expect(point).to.deep.equal(textOf(expected[i]!)))
      for (const [point, bound] of [
        [key.shiftH, 2 ** key.logH - 2],
        [key.shiftK, 2 ** key.logK - 2],
      ] as const) {
        const power = Fr.pow(DEVELOPMENT_SECRET, BigInt(DEVELOPMENT_DEGREE - bound))
        expect(point).to.deep.equal(textOf(G1.Point.BASE.multiply(power)))
      }
    })

    it('checks the powers of a reference string before it uses them', async () => {
      // The first and the last points of the real string: checking all takes seconds.
      const [header, point, points] = [160, 64, 40]
      const whole = Buffer.from(await developmentParameters(r1cs))
      const good = Buffer.concat([
        whole.subarray(0, header),
        whole.subarray(header, header + points * point),
        whole.subarray(-points * point),
      ])
      good.writeBigUInt64BE(BigInt(points), 16)
      good.writeBigUInt64BE(BigInt(points), 24)
      const swapped = (index: number): Buffer => {
        const at = header + point * index
        const [before, one, two] = [
          good.subarray(0, at),
          good.subarray(at, at + point),
          good.subarray(at + point, at + 2 * point),
        ]
        return Buffer.concat([before, two, one, good.subarray(at + 2 * point)])
      }
      expect(whyInconsistent(good)).to.equal(undefined)
      expect(whyInconsistent(swapped(0))).to.equal('the first point is not the generator')
      expect(whyInconsistent(swapped(7))).to.equal('the lower points are not powers of the secret')
      expect(whyInconsistent(swapped(points + 7))).to.equal('the upper points are not powers of the secret')
      expect(whyInconsistent(good.subarray(0, -1))).to.equal('wrong length')
      expect(whyInconsistent(flipped(good, 0))).to.equal('not a file of Marlin parameters')
      const file = join(directory(), 'parameters')
      await writeFile(file, flipped(good, header + 1000))
      expect(await failure(resolveParameters(r1cs, file))).to.include('not in its group')
      await writeFile(file, good)
      expect(await resolveParameters(r1cs, file)).to.deep.equal({ bytes: good, development: false })
    })

    const directory = useTemporaryDirectory()
  })

  describe('packages and contract', () => {
    const directory = useTemporaryDirectory()
    const { files } = makeInputs(EASY)
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
      program = await buildPackages({ store })
      chain = await OnChain.deploy(program.contract)
      key = await pinnedKey()
      proof = await proofOf(program.prover, files)
    })

    it('has nothing for the linter to find but what it says of itself', async () => {
      await expectLinted(program, store, directory(), files)
    })

    it('the prover is one static ELF', async () => {
      const path = join(directory(), 'prover')
      await writeFile(path, await PROVER.compile())
      expect(await readElf(path)).to.deep.equal({ kind: 'fixed', needed: [], rpath: [], runpath: [] })
    })

    it('proves and verifies, off chain and on chain', async () => {
      expect(proof).to.have.length(1312)
      expect((await sandbox.run(program.verifier, { ...files, proof })).verdict).to.equal('valid')
      expect(await chain.answer(publicInputs, proof)).to.equal('valid')
      const hard = makeInputs(HARD).files
      const other = await proofOf(program.prover, hard)
      expect((await sandbox.run(program.verifier, { ...hard, proof: other })).verdict).to.equal('valid')
      expect(await chain.answer(hard.public_inputs, other)).to.equal('valid')
    })

    it('still accepts the recorded run', async () => {
      const [inputs, recorded] = [record.publicInputs, record.proof].map((hex) => Buffer.from(hex, 'hex')) as [
        Buffer,
        Buffer,
      ]
      expect(makeInputs(samples.example.puzzle).files.public_inputs).to.deep.equal(inputs)
      expect(whyInvalid(key, record, inputs, recorded)).to.equal(undefined)
      expect(await chain.answer(inputs, recorded, record)).to.equal('valid')
    })

    it('stays below its gas cap, with a tenth to spare', async () => {
      const gas = await chain.gasUsed(publicInputs, proof)
      console.log(`      verify: ${gas} gas`)
      expect(gas * 1.1).to.be.below(program.contract.gas)
    })

    it('labels development parameters', () => {
      for (const { manifest } of [program.prover, program.verifier])
        expect(manifest.labels.join()).to.include('anyone can forge')
    })

    it('says the same as the algebra of the paper', () => {
      const index = new DefinedIndex(circuit)
      const c = challengesOf(key, CONTEXT, publicInputs, proof)
      const { commitments, beta, gamma } = parseProof(proof)
      const etas = [c.etaA, c.etaB, c.etaC] as const
      const tau = DEVELOPMENT_SECRET
      // The index polynomials at gamma, and t at beta and at the secret, by their definitions.
      const { row, column, product, a, b, c: cc } = gamma
      expect([row, column, product, a, b, cc]).to.deep.equal(index.polynomialsAt(c.gamma))
      expect(beta.t).to.equal(index.tAt(c.beta, c.alpha, etas))
      expect(commitments.t.equals(times(G1.Point.BASE, index.tAt(tau, c.alpha, etas)))).to.equal(true)
      const publics = [1n, ...fromWords(publicInputs), 0n]
      expect(publicPolynomial(key, fromWords(publicInputs), c.beta)).to.equal(valueAt(publics, c.beta))
      // The degree bounds: the shifted commitments are the plain ones times the shift.
      const shift = (log: number): bigint => Fr.pow(tau, BigInt(key.degree - 2 ** log + 2))
      expect(commitments.g1Shifted.equals(times(commitments.g1, shift(key.logH)))).to.equal(true)
      expect(commitments.g2Shifted.equals(times(commitments.g2, shift(key.logK)))).to.equal(true)
      // The second sumcheck holds as an identity of polynomials: at the secret too, between the commitments themselves.
      const at = index.polynomialsAt(tau)
      const values = etas.reduce((sum, eta, m) => Fr.add(sum, Fr.mul(eta, at[3 + m]!)), 0n)
      const left = Fr.mul(Fr.mul(vanishing(c.alpha, key.logH), vanishing(c.beta, key.logH)), values)
      const denominator = Fr.add(
        Fr.sub(Fr.sub(Fr.mul(c.alpha, c.beta), Fr.mul(c.beta, at[0]!)), Fr.mul(c.alpha, at[1]!)),
        at[2]!,
      )
      const f = times(commitments.g2, tau).add(times(G1.Point.BASE, Fr.div(beta.t, BigInt(2 ** key.logK))))
      const difference = times(G1.Point.BASE, left).subtract(times(f, denominator))
      expect(difference.equals(times(commitments.h2, vanishing(tau, key.logK)))).to.equal(true)
    })

    it('is blinded: two proofs of one statement share no commitment and no evaluation of the witness', async () => {
      const [one, two] = [fromWords(proof), fromWords(await proofOf(program.prover, files))]
      expect(await chain.answer(publicInputs, toWords(two))).to.equal('valid')
      one.forEach((word, at) => expect(word, `word ${at}`).to.not.equal(two[at]))
    })

    it('answers with an error when there is nothing to prove', async () => {
      const tooLarge = toWords(fromWords(publicInputs).with(0, Fr.ORDER))
      for (const [inputs, why] of [
        [makeInputs(UNSOLVABLE).files, 'no solution'],
        [{ public_inputs: new Uint8Array(63) }, 'wrong length'],
        [{ public_inputs: toWords([10n, 0n]) }, 'not a packed sudoku'],
        [{ public_inputs: toWords([1n << 164n, 0n]) }, 'not a packed sudoku'],
        [{ public_inputs: toWords([0n, 1n << 160n]) }, 'not a packed sudoku'],
        [{ public_inputs: tooLarge }, 'not a field element'],
        [{}, 'public_inputs is missing'],
      ] as const)
        await failing(program.prover, inputs, why)
    })

    it('takes a witness from the requester, and refuses one that is broken or proves something else', async () => {
      const good = witnessFile(witness)
      const own = await proofOf(program.prover, { ...files, 'witness.wtns': good })
      expect(await chain.answer(publicInputs, own)).to.equal('valid')
      for (const [bad, why] of [
        [witnessFile(witness.with(1541, 5n)), 'does not satisfy constraint'],
        [witnessFile(witness.with(0, 0n)), 'other public inputs'],
        [witnessFile(witness.with(1, 0n)), 'other public inputs'],
        [witnessFile(witness.slice(0, -1)), 'another circuit'],
        [witnessFile(witness.with(9, Fr.ORDER)), 'outside the field'],
        [witnessFile(witness, Fq.ORDER), 'another field'],
        [good.slice(0, -1), 'truncated'],
        [Buffer.concat([good, Buffer.of(0)]), 'left over'],
        [flipped(good, 0), 'another format'],
        [flipped(good, 4), 'another version'],
        [flipped(good, 10), 'too large'],
        [new Uint8Array(), 'truncated'],
      ] as const)
        await failing(program.prover, { ...files, 'witness.wtns': bad }, why)
    })

    it('answers with an error when the package lacks a file or holds a broken one', async () => {
      const parameters = await developmentParameters(r1cs)
      const good = { 'circuit.r1cs': r1cs, parameters, key: encodeKey(key) }
      const shorter = Uint8Array.from(parameters.slice(0, -64))
      Buffer.from(shorter.buffer).writeBigUInt64BE(BigInt(2 ** 13 - 2), 24)
      for (const [data, why] of [
        [{ 'circuit.r1cs': r1cs, key: encodeKey(key) }, 'parameters is missing'],
        [{ ...good, parameters: parameters.slice(0, -1) }, 'truncated'],
        [{ ...good, parameters: flipped(parameters, 999) }, 'not on the curve'],
        [{ ...good, parameters: shorter }, 'too short'],
        [{ ...good, 'circuit.r1cs': r1cs.slice(0, -1) }, 'truncated'],
        [{ ...good, 'circuit.r1cs': flipped(r1cs, 0) }, 'another format'],
      ] as const)
        await failing(await pack(data), files, why)
    })

    it('refuses a proof with any byte changed', async () => {
      for (let at = 0; at < proof.length; at++) await refused(publicInputs, flipped(proof, at))
      const run = await sandbox.run(program.verifier, { ...files, proof: flipped(proof, 100) })
      expect(run.verdict).to.equal('invalid')
    })

    it('refuses every field replaced by another value of its kind', async () => {
      const words = fromWords(proof)
      for (const [, at] of POINTS) {
        const point = G1.Point.fromAffine({ x: words[at]!, y: words[at + 1]! })
        for (const other of [point.negate(), point.add(G1.Point.BASE), point.double()]) await refusedPoint(at, other)
        for (const [, from] of POINTS) {
          if (from !== at)
            await refused(publicInputs, toWords(words.with(at, words[from]!).with(at + 1, words[from + 1]!)))
        }
      }
      for (let at = EVALUATIONS[0]; at < EVALUATIONS[1]; at++) {
        for (const value of [0n, Fr.add(words[at]!, 1n), Fr.neg(words[at]!), words[at === 22 ? 23 : 22]!])
          await refused(publicInputs, toWords(words.with(at, value)))
      }
    })

    it('refuses two openings that make up for each other under the random factor of the honest proof', async () => {
      // (t - beta) dA + rho (t - gamma) dB = 0: would pass if rho did not depend on the openings. [t]1 is public in any real string.
      const words = fromWords(proof)
      const { beta, gamma, rho } = challengesOf(key, CONTEXT, publicInputs, proof)
      const minus = (point: bigint): Point =>
        times(G1.Point.BASE, DEVELOPMENT_SECRET).subtract(times(G1.Point.BASE, point))
      const pointAt = (at: number): Point => G1.Point.fromAffine({ x: words[at]!, y: words[at + 1]! })
      const first = pointAt(37)
        .subtract(times(minus(gamma), rho))
        .toAffine()
      const second = pointAt(39).add(minus(beta)).toAffine()
      await refused(publicInputs, toWords([...words.slice(0, 37), first.x, first.y, second.x, second.y]))
    })

    it('refuses every second name of a number, the point at infinity and points off the curve', async () => {
      const words = fromWords(proof)
      const isScalar = (at: number): boolean => at >= EVALUATIONS[0] && at < EVALUATIONS[1]
      for (const [at, word] of words.entries())
        await refused(publicInputs, toWords(words.with(at, word + (isScalar(at) ? Fr.ORDER : Fq.ORDER))))
      for (const [, at] of POINTS) await refused(publicInputs, toWords(words.with(at, 0n).with(at + 1, 0n)))
      await refused(publicInputs, toWords(words.map(() => 0n)))
    })

    it('never runs out of gas on a bad proof', async () => {
      const words = fromWords(proof)
      for (const at of [0, 22, 36, 39])
        expect(await chain.answer(publicInputs, toWords(words.with(at, 7n)))).to.equal('not valid')
    })

    it('refuses proofs and public inputs of a wrong length', async () => {
      for (const wrong of [...wrongLengths(proof), oversized(proof)]) {
        await refused(publicInputs, wrong)
        expect((await sandbox.run(program.verifier, { ...files, proof: wrong })).verdict).to.equal('invalid')
      }
      for (const wrong of wrongLengths(publicInputs)) await refused(wrong, proof)
    })

    it('refuses other public inputs, also those that are equal modulo the field', async () => {
      for (let at = 0; at < publicInputs.length; at++) await refused(flipped(publicInputs, at), proof)
      await refused(makeInputs(HARD).files.public_inputs, proof)
      const words = fromWords(publicInputs)
      for (const index of words.keys()) await refused(toWords(words.with(index, words[index]! + Fr.ORDER)), proof)
    })

    it('refuses a proof for another workload or of another prover', async () => {
      for (const other of [
        { ...CONTEXT, workload: `0x${'11'.repeat(31)}12` },
        { ...CONTEXT, prover: `0x${'22'.repeat(19)}23` },
        { workload: `0x${'0'.repeat(64)}`, prover: `0x${'0'.repeat(40)}` },
      ]) {
        expect(whyInvalid(key, other, publicInputs, proof)).to.be.a('string')
        expect(await chain.answer(publicInputs, proof, other)).to.equal('not valid')
      }
    })

    it('refuses an honest proof under any other key', async () => {
      const words = fromWords(encodeKey(key))
      const contract = {
        name: 'MarlinKeyedVerifier',
        source: 'test/support/contracts/MarlinKeyedVerifier.sol',
        gas: 600_000,
      }
      const same = await OnChain.deploy(contract, encodeKey(key))
      expect(await same.answer(publicInputs, proof)).to.equal('valid')
      const numbers = [0, 1, 2, 3, 4].map((at) => words.with(at, words[at]! + 1n))
      const points = [5, 7, 9, 11, 13, 15, 17, 19].flatMap((at) => {
        const point = G1.Point.fromAffine({ x: words[at]!, y: words[at + 1]! })
        return [point.negate(), point.add(G1.Point.BASE)].map((other) => {
          const { x, y } = other.toAffine()
          return words.with(at, x).with(at + 1, y)
        })
      })
      const { x, y } = G2.Point.BASE.multiply(5n).toAffine()
      const secret = [...words.slice(0, 21), x.c1, x.c0, y.c1, y.c0]
      for (const mutated of [...numbers, ...points, secret]) {
        expect(whyInvalid(decodeKey(toWords(mutated)), CONTEXT, publicInputs, proof)).to.be.a('string')
        const other = await OnChain.deploy(contract, toWords(mutated))
        expect(await other.answer(publicInputs, proof)).to.equal('not valid')
      }
    })

    it('refuses an honest proof under a key with any byte of its points changed', async () => {
      // The five numbers before them are small, and tried above.
      const answers = chain.answersOf(
        keyMutations(await chain.code(), await keyWords(program.contract.source)),
        publicInputs,
        proof,
      )
      for await (const { name, answer } of answers) expect(answer, name).to.not.equal('valid')
      const bytes = encodeKey(key)
      for (let at = 5 * 32; at < bytes.length; at++)
        expect(refusal(flipped(bytes, at), publicInputs, proof), `byte ${at}`).to.be.a('string')
    })

    it('refuses proofs of another circuit and under another secret, valid under their own keys', async () => {
      const other = await compileOtherCircuit()
      const signals: MemoryFile = { type: 'mem' }
      const rows = <T>(cells: readonly T[]): T[][] =>
        Array.from({ length: 9 }, (_, row) => cells.slice(9 * row, 9 * row + 9))
      const digit = rows(solution.map((number) => Array.from({ length: 9 }, (_, k) => (number === k + 1 ? 1 : 0))))
      const packed = fromWords(publicInputs).map(String)
      await wtns.calculate({ packed, clue: rows(clues), digit }, other.witnessGenerator, signals)
      for (const [foreign, secret, inputs] of [
        [other.r1cs, DEVELOPMENT_SECRET, { ...files, 'witness.wtns': signals.data! }],
        [r1cs, Fr.add(DEVELOPMENT_SECRET, 1n), files],
      ] as const) {
        const parameters = await developmentParameters(foreign, secret)
        const foreignKey = await indexCircuit(foreign, parameters)
        const prover = await pack({ 'circuit.r1cs': foreign, parameters, key: encodeKey(foreignKey) })
        const foreignProof = await proofOf(prover, inputs)
        expect(whyInvalid(foreignKey, CONTEXT, publicInputs, foreignProof)).to.equal(undefined)
        await refused(publicInputs, foreignProof)
      }
    })

    /** The prover with other files beside it. */
    async function pack(data: Readonly<Record<string, Uint8Array>>): Promise<BuiltPackage> {
      const { resources } = program.prover.manifest
      const prover = { path: 'prover', source: await PROVER.compile(), executable: true }
      const rest = Object.entries(data).map(([path, source]) => ({ path, source }))
      const argv = ['/app/prover']
      return buildPackage(
        { name: 'other', role: 'prove', argv, files: [prover, ...rest], resources, labels: [] },
        store,
      )
    }

    async function proofOf(prover: BuiltPackage, inputs: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
      const run = await sandbox.run(prover, inputs)
      expect(run.verdict, run.logs).to.equal('ok')
      return run.out.get('proof')!
    }

    async function failing(
      prover: BuiltPackage,
      inputs: Readonly<Record<string, Uint8Array>>,
      why: string,
    ): Promise<void> {
      const run = await sandbox.run(prover, inputs)
      expect(run.verdict).to.equal('error')
      expect((JSON.parse(run.out.get('result.json')!.toString()) as { error: string }).error).to.include(why)
      expect(run.out.has('proof')).to.equal(false)
    }

    async function refusedPoint(at: number, point: Point): Promise<void> {
      const { x, y } = point.toAffine()
      await refused(
        publicInputs,
        toWords(
          fromWords(proof)
            .with(at, x)
            .with(at + 1, y),
        ),
      )
    }

    /** Refused by the verifier program's check and by the contract, which answers and does not revert. */
    async function refused(inputs: Uint8Array, bytes: Uint8Array): Promise<void> {
      expect(whyInvalid(key, CONTEXT, inputs, bytes)).to.be.a('string')
      expect(await chain.answer(inputs, bytes)).to.equal('not valid')
    }
  })
})

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  )
}
