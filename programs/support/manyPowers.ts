import { join } from 'node:path'

import { GuestProgram } from './guestProgram.js'
import { arePowersBySums } from './pairing.js'
import { fromWords, toWords } from './words.js'

/** The tool that makes and checks powers (powers/main.cpp): half a minute for four million points. */
const TOOL = new GuestProgram(join(import.meta.dirname, 'powers'))

/** Like `powersOfTau`, for millions of points. Needs a C++ compiler. */
export async function manyPowersOfTau(tau: bigint, count: number): Promise<Uint8Array> {
  const secret = Buffer.from(toWords([tau])).toString('hex')
  return (await TOOL.run(['make', String(count), 'out'], {}, secret)).out
}

/** Like `isPowersOf`, for millions of points. Needs a C++ compiler. */
export async function areManyPowersOf(points: Uint8Array, g2: readonly bigint[]): Promise<boolean> {
  const [x, y] = fromWords(points.subarray(0, 64))
  if (x !== 1n || y !== 2n) return false
  await TOOL.compile()
  // It refuses points that are not on the curve.
  const run = await TOOL.run(['sums', 'points'], { points }).catch(() => undefined)
  return run !== undefined && arePowersBySums(Buffer.from(run.printed.trim(), 'hex'), g2)
}

/** bb's compressed points as x and y, for millions of them; whether they are on the curve is not looked at. Needs a C++ compiler. */
export async function expandMany(compressed: Uint8Array): Promise<Uint8Array> {
  return (await TOOL.run(['expand', 'points', 'out'], { points: compressed })).out
}
