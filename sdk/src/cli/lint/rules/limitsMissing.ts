import { readRecord, type Members } from '../../../content/shape.js'
import type { Checked, Observation } from '../Rule.js'
import type { Subject } from '../Subject.js'

/** The most that a manifest can ask for, which bounds nothing. */
const NO_LIMIT = { cores: 512, memoryMiB: 1 << 22, outputMiB: 1 << 16 } as const

const limits = Object.keys(NO_LIMIT) as readonly (keyof typeof NO_LIMIT)[]

/** Cores, memory and output must be bounded by the manifests, time by the workloads. */
export const limitsMissing = {
  name: 'limits-missing',
  check({ manifests, maxRunTime }: Pick<Subject, 'manifests' | 'maxRunTime'>): Checked {
    return [...manifests.flatMap(limitsOf), ...(maxRunTime === undefined ? [NO_TIME] : [])]
  },
}

/** The limits that a manifest does not name; with one missing it is no manifest. */
export function missingLimits(manifest: Members): readonly string[] {
  const given = manifest['resources'] === undefined ? {} : readRecord(manifest['resources'], 'resources')
  return limits.filter((name) => !Object.hasOwn(given, name))
}

const NO_TIME: Observation = {
  severity: 'warning',
  seen: 'it is not said how long a run may take',
  todo: 'Measure it where provers run it, tell requesters, and give it here as --max-run-time: a workload without enough time is paid for and not proven.',
}

function limitsOf(manifest: Members): readonly Observation[] {
  const role = manifest['role'] === 'prove' ? 'prover' : 'verifier'
  const missing = missingLimits(manifest)
  if (missing.length > 0) {
    return [
      {
        severity: 'error',
        seen: `the ${role}'s manifest has no ${missing.map((name) => `resources.${name}`).join(', ')}`,
        todo: 'Build the package with gevulot program build, and say what it needs: --cores, --memory, --output.',
      },
    ]
  }
  const given = readRecord(manifest['resources'], 'resources')
  return limits
    .filter((name) => given[name] === NO_LIMIT[name])
    .map((name) => ({
      severity: 'error',
      seen: `the ${role}'s resources.${name} is ${NO_LIMIT[name]}, the most that can be said: it bounds nothing`,
      todo: 'Measure what a run needs with gevulot program run, and ask for that and a margin.',
    }))
}
