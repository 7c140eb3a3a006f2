/** A prover that stakes and then never answers: what the silence window and the slash are for. */
import { misbehave } from './Misbehaver.js'

const seen = new Set<string>()

await misbehave(async ({ workload }, seat, { log }) => {
  if (seen.has(workload)) return
  seen.add(workload)
  log.info('drawn, and silent', { workload, seat, stage: 'assigned' })
})
