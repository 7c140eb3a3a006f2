/** Makes a call of a step. */
import { accountAct } from './accounts.js'
import type { Call, Scene } from './call.js'
import { jobOf, seatOf } from './choose.js'
import { placeAct } from './places.js'
import { seatAct } from './seats.js'
import { jobAct, submission } from './workloads.js'

/** The call of a step, resolved against the model's state; undefined when there is nothing it could be about. */
export function resolve(scene: Scene): Call | undefined {
  const job = jobOf(scene.state, scene.step)
  const seat = seatOf(scene.state, scene.step, job)
  const ofAccount = accountAct(scene) ?? seatAct(scene, seat) ?? submission(scene)
  if (ofAccount !== undefined || job === undefined || seat === undefined) return ofAccount
  return jobAct(scene, job) ?? placeAct(scene, job, seat)
}
