import { bn254 } from '@noble/curves/bn254.js'
import { expect } from 'chai'

import { buildPackages } from '../../programs/groth16-sudoku/build.js'
import { compileCircuit } from '../../programs/groth16-sudoku/circuit.js'
import { makeInputs } from '../../programs/groth16-sudoku/inputs.js'
import { generate, pinnedKey, verifyingKeyOf } from '../../programs/groth16-sudoku/keys.js'
import { prove } from '../../programs/groth16-sudoku/prove.js'
import { packGrid, parseGrid, unpackGrid } from '../../programs/support/sudoku.js'
import { developmentKey } from '../../programs/groth16-sudoku/setup.js'
import { solve } from '../../programs/groth16-sudoku/solver.js'
import { whyInvalid, type VerifyingKey } from '../../programs/groth16-sudoku/verify.js'
import { differing } from '../../programs/support/pinned.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { fromWords, toWords } from '../../programs/support/words.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { useTemporaryDirectory } from '../support/temporary.js'
import { OnChain } from './chain.js'
import { expectLinted } from './lint.js'
import { flipped, keyMutations, keyWords, oversized, wrongLengths } from './mutations.js'
import { LIMIT_MS, Sandbox, sandboxWorks } from './support.js'

const EASY = '530070000 600195000 098000060 800060003 400803001 700020006 060000280 000419005 000080079'
const HARD = '8........ ..36..... .7..9.2.. .5...7... ....457.. ...1...3. ..1....68 ..85...1. .9....4..'
const UNSOLVABLE = '11.......'.padEnd(81, '.')

describe('groth16-sudoku', function () {
  this.timeout(LIMIT_MS)

  describe('solver and packing', () => {
    it('solves easy and hard puzzles, keeps the clues', () => {
      for (const puzzle of [EASY, HARD].map(parseGrid)) {
        const solution = solve(puzzle)!
        for (const unit of units())
          expect(unit.map((cell) => solution[cell]).sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9])
        puzzle.forEach((clue, cell) => clue !== 0 && expect(solution[cell]).to.equal(clue))
      }
    })

    it('finds that a puzzle has no solution', () => {
      expect(solve(parseGrid(UNSOLVABLE))).to.equal(undefined)
      expect(solve(parseGrid('12345678.........9'.padEnd(81, '.')))).to.equal(undefined)
    })

    it('packs every grid into two words and back, and refuses words that are no grid', () => {
      const grid = parseGrid(HARD)
      expect(unpackGrid(packGrid(grid))).to.deep.equal(grid)
      const [first, second] = fromWords(packGrid(grid)) as [bigint, bigint]
      for (const words of [
        [first | 15n, second],
        [first + (1n << 164n), second],
        [first, second + (1n << 160n)],
        [first],
      ]) {
        expect(unpackGrid(toWords(words))).to.equal(undefined)
      }
      expect(() => parseGrid('123')).to.throw('81 cells')
    })
  })

  describe('keys', () => {
    it('are made again byte for byte, with the contract', async () => {
      expect(await differing(await generate())).to.deep.equal([])
    })
  })

  describe('circuit', () => {
    it('has no witness for a wrong solution', async () => {
      const { r1cs, witnessGenerator } = await compileCircuit()
      const key = { witnessGenerator, key: developmentKey(r1cs) }
      const clues = parseGrid(EASY)
      const packed = fromWords(packGrid(clues))
      const solution = [...solve(clues)!]
      const swapped = solution.with(2, solution[3]!).with(3, solution[2]!) // two numbers of a row: its columns repeat
      const otherClue = solution.map((number) => (number % 9) + 1) // a valid sudoku, but not of these clues
      const outOfRange = solution.with(2, 10)
      for (const wrong of [swapped, otherClue, outOfRange])
        expect(await failure(prove(clues, wrong, packed, key))).to.include('Assert Failed')
      const otherWord = packed.with(1, packed[1]! ^ 1n)
      expect(await failure(prove(clues, solution, otherWord, key))).to.include('Assert Failed')
    })
  })

  describe('packages and contract', () => {
    const directory = useTemporaryDirectory()
    const { files } = makeInputs(EASY)
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
      program = await buildPackages({ store })
      chain = await OnChain.deploy(program.contract)
      key = await pinnedKey()
      proof = await proofOf(files)
    })

    it('has nothing for the linter to find but what it says of itself', async () => {
      await expectLinted(program, store, directory(), files)
    })

    it('proves and verifies, off chain and on chain', async () => {
      expect(proof).to.have.length(256)
      expect((await sandbox.run(program.verifier, { ...files, proof })).verdict).to.equal('valid')
      expect(await chain.answer(publicInputs, proof)).to.equal('valid')
      const hard = makeInputs(HARD).files
      const other = await proofOf(hard)
      expect((await sandbox.run(program.verifier, { ...hard, proof: other })).verdict).to.equal('valid')
      expect(await chain.answer(hard.public_inputs, other)).to.equal('valid')
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

    it('answers with an error when there is nothing to prove', async () => {
      for (const [inputs, why] of [
        [makeInputs(UNSOLVABLE).files, 'no solution'],
        [{ public_inputs: new Uint8Array(63) }, 'not a packed sudoku'],
        [{}, '/in/public_inputs is missing'],
      ] as const) {
        const run = await sandbox.run(program.prover, inputs)
        expect(run.verdict).to.equal('error')
        expect(run.out.get('result.json')!.toString()).to.include(why)
        expect(run.out.has('proof')).to.equal(false)
      }
    })

    it('refuses a proof with any byte changed', async () => {
      for (let at = 0; at < proof.length; at++) await refused(publicInputs, flipped(proof, at))
      expect((await sandbox.run(program.verifier, { ...files, proof: flipped(proof, 100) })).verdict).to.equal(
        'invalid',
      )
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
      for (const index of words.keys())
        await refused(toWords(words.with(index, words[index]! + bn254.fields.Fr.ORDER)), proof)
    })

    it('refuses every second name of a point, the point at infinity and points outside the group', async () => {
      const words = fromWords(proof)
      for (const index of words.keys())
        await refused(publicInputs, toWords(words.with(index, words[index]! + bn254.fields.Fp.ORDER)))
      for (const [from, to] of [
        [0, 2],
        [2, 6],
        [6, 8],
      ] as const) {
        await refused(publicInputs, toWords(words.map((word, index) => (index >= from && index < to ? 0n : word))))
      }
      await refused(publicInputs, toWords(words.map((word, index) => offGroup()[index - 2] ?? word)))
    })

    it('refuses an honest proof under a key with any byte changed', async () => {
      const answers = chain.answersOf(
        keyMutations(await chain.code(), await keyWords(program.contract.source)),
        publicInputs,
        proof,
      )
      for await (const { name, answer } of answers) expect(answer, name).to.not.equal('valid')

      const changed = (text: string): string[] =>
        Array.from({ length: 32 }, (_, byte) => String(BigInt(text) ^ (1n << BigInt(8 * byte + (byte % 8)))))
      const pairs = ([x, y]: readonly [string, string]): [string, string][] => [
        ...changed(x).map((other): [string, string] => [other, y]),
        ...changed(y).map((other): [string, string] => [x, other]),
      ]
      const keys: VerifyingKey[] = pairs(key.alpha).map((alpha) => ({ ...key, alpha }))
      for (const name of ['beta', 'gamma', 'delta'] as const) {
        const [x, y] = key[name]
        keys.push(...pairs(x).map((other) => ({ ...key, [name]: [other, y] })))
        keys.push(...pairs(y).map((other) => ({ ...key, [name]: [x, other] })))
      }
      key.inputs.forEach((point, index) =>
        keys.push(...pairs(point).map((other) => ({ ...key, inputs: key.inputs.with(index, other) }))),
      )
      for (const point of [key.inputs[0]!, key.inputs[1]!]) keys.push({ ...key, alpha: point })
      keys.push({ ...key, gamma: key.delta, delta: key.gamma })
      expect(whyInvalid(key, publicInputs, proof)).to.equal(undefined)
      for (const other of keys) expect(whyInvalid(other, publicInputs, proof)).to.be.a('string')
    })

    it('refuses a proof made with another key', async () => {
      const { r1cs, witnessGenerator } = await compileCircuit()
      const other = developmentKey(r1cs, 'another key')
      const clues = parseGrid(EASY)
      const foreign = await prove(clues, solve(clues)!, fromWords(publicInputs), { witnessGenerator, key: other })
      expect(whyInvalid(await verifyingKeyOf(other), publicInputs, foreign)).to.equal(undefined)
      await refused(publicInputs, foreign)
    })

    async function proofOf(inputs: { readonly public_inputs: Uint8Array }): Promise<Uint8Array> {
      const run = await sandbox.run(program.prover, inputs)
      expect(run.verdict, run.logs).to.equal('ok')
      return run.out.get('proof')!
    }

    /** Refused by the verifier program's check and by the contract. */
    async function refused(inputs: Uint8Array, bytes: Uint8Array): Promise<void> {
      expect(whyInvalid(key, inputs, bytes)).to.be.a('string')
      expect(await chain.answer(inputs, bytes)).to.not.equal('valid')
    }
  })
})

/** The cells of every row, column and box. */
function units(): number[][] {
  const nine = [...Array(9).keys()]
  const box = (unit: number, cell: number): number =>
    27 * Math.floor(unit / 3) + 3 * (unit % 3) + 9 * Math.floor(cell / 3) + (cell % 3)
  return nine.flatMap((unit) => [
    nine.map((cell) => 9 * unit + cell),
    nine.map((cell) => 9 * cell + unit),
    nine.map((cell) => box(unit, cell)),
  ])
}

/** A point on the curve of G2 but outside its subgroup, as four words. Nearly every point of the curve is one. */
function offGroup(): readonly bigint[] {
  const { Fp2 } = bn254.fields
  const b = bn254.G2.Point.CURVE().b
  for (let c0 = 1n; ; c0++) {
    const x = Fp2.fromBigTuple([c0, 1n])
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b))
      return [x.c1, x.c0, y.c1, y.c0]
    } catch {
      // Not the x of a point: half of all numbers are not.
    }
  }
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  )
}
