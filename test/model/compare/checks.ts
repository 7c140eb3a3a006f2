/** Compares checks of machines with the model. */
import { expect } from 'chai'

import { CHECKED } from '../parameters.js'
import { isSelected } from '../protocol/checks.js'
import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares the schedule, the newest check, and whom it asks. */
export async function compareChecks(world: World, state: State): Promise<void> {
  const { qualification } = world.views
  const { nextAt, checks } = state.schedules.get(CHECKED)!
  const have = await qualification.scheduleOf(CHECKED)
  expect([Number(have.newest), Number(have.nextAt)], 'schedule').to.deep.equal([checks.length, nextAt])
  const check = checks.at(-1)
  if (check === undefined) return
  const { round, epoch, startedAt, startBy } = await qualification.checkOf(CHECKED, checks.length)
  const want = [check.round, check.epoch, check.startedAt ?? 0, check.startBy]
  expect([round, epoch, startedAt, startBy].map(Number), `check ${checks.length}`).to.deep.equal(want)
  if (check.seed === undefined) return
  const asked = [...state.seats.values()].filter((seat) => seat.class === CHECKED && seat.status === 'Active')
  await Promise.all(
    asked.map(async (seat) => {
      const what = `check ${checks.length} asks seat ${seat.id}`
      const [selected, { excuses }] = await Promise.all([
        qualification.isSelected(CHECKED, checks.length, seat.id),
        qualification.recordOf(seat.id),
      ])
      expect(selected, what).to.equal(isSelected(check, seat))
      expect(Number(excuses), `excuses of seat ${seat.id}`).to.equal(seat.excuses)
    }),
  )
}
