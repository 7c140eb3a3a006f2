/** Acts about a seat's place in a workload. */
import { hexlify, sha256 } from 'ethers'

import { FAIL_REASONS } from '../../../sdk/src/chain/index.js'
import * as ending from '../protocol/ending.js'
import * as market from '../protocol/market.js'
import type { Job, Seat } from '../protocol/state.js'
import { placeOf } from '../protocol/work.js'
import type { Call, Scene } from './call.js'

/** Whether the proof of this seat in this workload is good: known beforehand, so that commit and reveal agree. */
export function isGood(job: number, seat: number): boolean {
  return (job * 7 + seat * 3) % 5 !== 0
}

/** The call of an act about a seat in a workload; undefined for other acts. */
export function placeAct(scene: Scene, job: Job, seat: Seat): Call | undefined {
  return proofAct(scene, job, seat) ?? answerAct(scene, job, seat)
}

function proofAct({ world, state, rules, step, caller }: Scene, job: Job, { id: seat }: Seat): Call | undefined {
  const { act, n } = step
  const { number, binding } = job
  const { id, spec } = world.jobs[number]!
  const call = { name: act, target: 'market', job: number } as const
  const good = isGood(number, seat)
  const commitment = () => world.commitment(number, seat, caller, binding, good)
  const shown = { opens: n % 17 !== 0, inputs: n % 19 !== 0, pin: n % 23 !== 0, good }
  const { proof, salt, publicInputs, otherInputs } = world.proof(number, seat, caller, binding, good)
  const inputs = shown.inputs ? publicInputs : otherInputs
  const pin = world.pin(number, shown.pin)
  switch (act) {
    case 'commit':
      return { ...call, args: [id, seat, commitment()], play: (s, m) => market.commit(s, m, number, seat) }
    case 'commitOpen': {
      const play: Call['play'] = (s, m) => market.commitOpen(s, m, number, seat)
      return { ...call, args: [spec, seat, commitment()], play }
    }
    case 'reveal': {
      // Only who committed can open a commitment.
      const committed = placeOf(state, seat, job)?.operator === caller
      const opens = { ...shown, opens: shown.opens && committed }
      const args = [spec, pin, seat, inputs, proof, shown.opens ? salt : id]
      return { ...call, args, play: (s, m) => market.reveal(s, m, number, seat, opens) }
    }
    case 'revealToCommittee': {
      const committed = placeOf(state, seat, job)?.operator === caller
      const opens = n % 17 !== 0 && committed
      const fits = n % 13 !== 0
      const proofDigest = sha256(proof)
      const matches = n % 11 !== 0
      const content = [
        matches ? (n % 2 === 0 ? '0x' : proof) : hexlify(new Uint8Array(1_024)),
        'x'.repeat(fits ? n % 257 : 257),
      ]
      const args = [spec, seat, proofDigest, n % 17 !== 0 ? salt : id, ...content]
      const shown = { opens, fits, matches, proofDigest }
      return { ...call, args, play: (s, m) => market.revealToCommittee(s, m, number, seat, shown) }
    }
    case 'submitProof': {
      const play: Call['play'] = (s, m) => market.submitProof(s, rules, m, number, seat, shown)
      return { ...call, args: [spec, pin, seat, inputs, proof], play }
    }
    default:
      return undefined
  }
}

function answerAct({ world, rules, step }: Scene, { number }: Job, { id: seat }: Seat): Call | undefined {
  const { act, n } = step
  const { id, spec } = world.jobs[number]!
  const call = { name: act, target: 'market', job: number } as const
  switch (act) {
    case 'accept':
      return { ...call, args: [id, seat], play: (s, m) => market.accept(s, m, number, seat) }
    case 'decline':
      return { ...call, args: [spec, seat], play: (s, m) => market.decline(s, rules, m, number, seat) }
    case 'fail': {
      const reason = FAIL_REASONS[n % 4]!
      return { ...call, args: [spec, seat, n % 4], play: (s, m) => market.fail(s, rules, m, number, seat, reason) }
    }
    case 'clear':
      return { ...call, args: [spec, [seat]], play: (s, m) => ending.clear(s, rules, m, number, seat) }
    case 'slash':
      return { ...call, args: [spec, [seat]], play: (s, m) => ending.slash(s, rules, m, number, seat) }
    default:
      return undefined
  }
}
