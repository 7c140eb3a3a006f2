import type { Observation, Rule } from '../Rule.js'
import type { SampleRun } from '../Sample.js'

/** Part of a limit from which on another input or another machine may go beyond it. */
const NEAR = 0.9

/** An honest run must fit into its limits, with room to spare. */
export const limitsTooTight: Rule = {
  name: 'limits-too-tight',
  check({ sample, maxRunTime }) {
    if (sample === undefined) return { unchecked: 'no sample inputs: give them with --input' }
    return [
      ...beyond('prover', sample.proved, maxRunTime !== undefined),
      ...beyond('verifier', sample.judged, maxRunTime !== undefined),
    ]
  },
}

function beyond(role: string, run: SampleRun | undefined, timeIsGiven: boolean): readonly Observation[] {
  if (run === undefined) return []
  const { outcome, limits } = run
  const { wallSeconds, peakMemoryMiB } = outcome.usage
  const outOf = { timeout: `${limits.seconds} s`, 'out-of-memory': `${limits.memoryMiB} MiB of memory`, 'disk-full': `${limits.outputMiB} MiB of output` } // prettier-ignore
  if (outcome.kind === 'timeout' || outcome.kind === 'out-of-memory' || outcome.kind === 'disk-full') {
    return [
      {
        severity: 'error',
        seen: `the honest ${role} does not get by with ${outOf[outcome.kind]}`,
        todo:
          outcome.kind === 'timeout'
            ? 'Give it more time with --max-run-time, or make it faster.'
            : 'Build the package with what it needs: --memory, --output.',
      },
    ]
  }
  const near: Observation[] = []
  if (peakMemoryMiB !== undefined && peakMemoryMiB > NEAR * limits.memoryMiB) {
    near.push({
      severity: 'warning',
      seen: `the ${role} used ${peakMemoryMiB.toFixed(1)} of its ${limits.memoryMiB} MiB of memory`,
      todo: 'Leave a margin: a larger input, or another kernel, needs more than this sample.',
    })
  }
  if (timeIsGiven && wallSeconds > NEAR * limits.seconds) {
    near.push({
      severity: 'warning',
      seen: `the ${role} took ${wallSeconds.toFixed(1)} of ${limits.seconds} s`,
      todo: 'Leave a margin: provers have slower machines than this one.',
    })
  }
  return near
}
