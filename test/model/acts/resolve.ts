/** Makes a call of a step. */
import { accessAct } from './access.js'
import { accountAct } from './accounts.js'
import type { Call, Scene } from './call.js'
import { checkAct } from './checks.js'
import { choiceAct } from './choices.js'
import { jobOf, seatOf } from './choose.js'
import { judgingAct } from './judging.js'
import { placeAct } from './places.js'
import { rewardAct } from './rewards.js'
import { seatAct } from './seats.js'
import { jobAct, submission } from './workloads.js'

/** The call of a step, resolved against the model's state; undefined when there is nothing it could be about. */
export function resolve(scene: Scene): Call | undefined {
  const job = jobOf(scene.state, scene.step)
  const seat = seatOf(scene.state, scene.step, job)
  const apart =
    accountAct(scene) ??
    accessAct(scene) ??
    choiceAct(scene) ??
    rewardAct(scene) ??
    seatAct(scene, seat) ??
    checkAct(scene, seat) ??
    submission(scene)
  if (apart !== undefined || job === undefined || seat === undefined) return apart
  return jobAct(scene, job) ?? judgingAct(scene, job) ?? placeAct(scene, job, seat)
}
