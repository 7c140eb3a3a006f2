import { execFile } from 'node:child_process'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { Noir, type CompiledCircuit } from '@noir-lang/noir_js'
import { expect } from 'chai'

import { circuitFile, compileCircuit } from '../../programs/ed25519/circuit.js'
import { RFC_8032 } from '../../programs/ed25519/examples.js'
import { circuitInputs } from '../../programs/ed25519/inputs.js'
import { BB } from '../../programs/support/bb.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const SOURCES = join(import.meta.dirname, '..', '..', 'programs', 'ed25519', 'circuit')
const LIMB = 1n << 85n
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n

/** Makes other values of the honest ones. */
type Change = (values: readonly bigint[]) => bigint[]

/** A cheating prover replaces the values of one call of one hint. */
interface Cheat {
  readonly hint: string
  /** Which call, counted from zero. */
  readonly call: number
  readonly change: Change
  readonly name: string
}

/**
 * A prover is free to replace whatever an unconstrained function returns. Here each of them passes its values through the test, in a
 * copy of the circuit that is otherwise the same; the constraints have to notice every change.
 */
describe('ed25519: values that the prover chooses', function () {
  this.timeout(600_000)
  const directory = useTemporaryDirectory()
  const calls = new Map<string, number>()
  const widths = new Map<string, number>()
  let open: CompiledCircuit

  before(async () => {
    const copy = join(directory(), 'circuit')
    await cp(SOURCES, copy, { recursive: true })
    for (const file of await readdir(join(copy, 'src'))) {
      const path = join(copy, 'src', file)
      await writeFile(path, opened(await readFile(path, 'utf8'), widths))
    }
    open = await compileCircuit(copy)
    expect(await execute()).to.equal('satisfied')
  })

  it('are asked for by every unconstrained function of the circuit', async () => {
    const text = await Promise.all(
      (await readdir(join(SOURCES, 'src'))).map((file) => readFile(join(SOURCES, 'src', file), 'utf8')),
    )
    // `low85` is called by hints alone.
    const names = [...text.join('\n').matchAll(/unconstrained fn (\w+)/g)].map(([, name]) => name!)
    expect([...calls.keys()].sort()).to.deep.equal(names.filter((name) => name !== 'low85').sort())
    expect([...text.join('\n').matchAll(/unsafe \{ (\w+)/g)].map(([, name]) => name!).sort()).to.deep.equal(
      [...calls.keys()].sort(),
    )
  })

  it('leave the constraints of the circuit as they are', async () => {
    await writeFile(join(directory(), 'own.json'), await circuitFile())
    await writeFile(join(directory(), 'open.json'), JSON.stringify(open))
    const [own, copy] = [await gates('own.json'), await gates('open.json')]
    // The compiler evaluates hints of constants (the point zero, the start of SHA-512) itself, which it cannot do through the test.
    expect(copy).to.be.within(own, own * 1.02)
  })

  it('cannot be wrong: every value of every hint, one at a time', async () => {
    const cheats = [...widths].flatMap(([hint, width]) =>
      sampled(width).flatMap((at) =>
        // Nothing reads what the last reduction returns but its own constraints and a comparison.
        (hint === 'hint_reduce' ? [0, calls.get(hint)! - 1] : [0]).map((call) => ({
          hint,
          call,
          change: (values: readonly bigint[]) => values.with(at, values[at]! === 255n ? 254n : values[at]! + 1n),
          name: `value ${at} of call ${call} of ${hint}`,
        })),
      ),
    )
    for (const cheat of cheats) expect(await execute(cheat), cheat.name).to.equal('not satisfied')
  })

  it('cannot be another solution of the equations, outside the ranges', async () => {
    const move =
      (from: number, to: number, radix: bigint): Change =>
      (v) =>
        v.with(from, v[from]! + radix).with(to, v[to]! - 1n)
    const cheats: Array<[hint: string, change: Change]> = [
      ['hint_reduce', move(0, 3, LIMB)],
      ['hint_reduce', move(1, 4, LIMB)],
      ['hint_reduce', move(2, 5, LIMB)],
      // The whole modulus more in the result, one less in the quotient: limbs of p.
      ['hint_reduce', ([r0, r1, r2, c0, c1, k]) => [r0! + LIMB - 19n, r1! + LIMB - 1n, r2! + LIMB - 1n, c0! - 1n, c1! - 1n, k! - 1n]], // prettier-ignore
      ['hint_add19', move(0, 3, LIMB)],
      ['hint_add19', move(1, 4, LIMB)],
      ['hint_split', move(0, 1, 32n)],
      ['hint_split_word', move(1, 0, 2n)],
      ['hint_digits', move(0, 1, 16n)],
      ['hint_difference', ([d0, d1, d2, d3, ...b]) => [d0! + (1n << 80n), d1! - 1n, d2!, d3!, b[0]! + 1n, b[1]!, b[2]!]], // prettier-ignore
      ['hint_divide', oneLess],
    ]
    for (const [hint, change] of cheats) {
      // The first call: the first rotation, for one, is by one bit.
      expect(await execute({ hint, call: 0, change, name: '' }), hint).to.equal('not satisfied')
    }
  })

  /** Solves the circuit for a vector of the RFC, with at most one wrong answer. */
  async function execute(cheat?: Cheat): Promise<'satisfied' | 'not satisfied'> {
    const counts = new Map<string, number>()
    let cheated = false
    const answer = async (hint: string, [values]: string[][]): Promise<string[][]> => {
      const call = counts.get(hint) ?? 0
      counts.set(hint, call + 1)
      if (hint !== cheat?.hint || call !== cheat.call) return [values!]
      cheated = true
      return [cheat.change(values!.map((value) => BigInt(`0x${value.replace(/^0x/, '')}`))).map(field)]
    }
    try {
      await new Noir(open).execute(circuitInputs(RFC_8032[2]!), answer)
    } catch (error) {
      // Anything else than a constraint that fails is a fault of this test.
      if (!/Cannot satisfy constraint|call to assert_max_bit_size/.test(String(error))) throw error
      expect(cheated, 'the honest values do not satisfy the circuit').to.equal(true)
      return 'not satisfied'
    }
    if (cheat === undefined) counts.forEach((count, hint) => calls.set(hint, count))
    else expect(cheated, 'there is no such call').to.equal(true)
    return 'satisfied'
  }

  async function gates(file: string): Promise<number> {
    const { stdout } = await promisify(execFile)(BB, ['gates', '-b', join(directory(), file), '-t', 'evm'])
    const { functions } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
      functions: Array<{ circuit_size: number }>
    }
    return functions[0]!.circuit_size
  }
})

/** Sends the result of every hint through an oracle of the same name. */
function opened(source: string, widths: Map<string, number>): string {
  return source.replace(
    /unconstrained fn (hint_\w+)\(([^)]*)\) -> (\[\w+; (\d+)\]) \{/g,
    (_, name: string, parameters: string, type: string, width: string) => {
      widths.set(name, Number(width))
      const names = parameters.replace(/: (\[[^\]]*\]|\w+)/g, '')
      return [
        `#[oracle(${name})]`,
        `unconstrained fn oracle_${name}(values: ${type}) -> ${type} {}`,
        `unconstrained fn ${name}(${parameters}) -> ${type} { oracle_${name}(honest_${name}(${names})) }`,
        `unconstrained fn honest_${name}(${parameters}) -> ${type} {`,
      ].join('\n')
    },
  )
}

/** All values of a short answer; of the long one the ends of the quotient and of the remainder. */
function sampled(width: number): number[] {
  return width <= 8 ? Array.from({ length: width }, (_, index) => index) : [0, 32, 33, width - 1]
}

/** One less in the quotient, the order of the base point more in the remainder. */
function oneLess(values: readonly bigint[]): bigint[] {
  const number = (bytes: readonly bigint[]): bigint => bytes.reduceRight((sum, byte) => sum * 256n + byte, 0n)
  const bytes = (value: bigint, count: number): bigint[] =>
    Array.from({ length: count }, (_, index) => (value >> BigInt(8 * index)) & 255n)
  return [...bytes(number(values.slice(0, 33)) - 1n, 33), ...bytes(number(values.slice(33)) + ORDER, 32)]
}

/** As an element of the circuit's field. */
function field(value: bigint): string {
  const order = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
  return `0x${(((value % order) + order) % order).toString(16).padStart(64, '0')}`
}
