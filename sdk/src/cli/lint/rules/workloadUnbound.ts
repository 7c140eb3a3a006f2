import type { Rule } from '../Rule.js'
import { withoutProof } from '../withoutProof.js'

/** A proof for one workload and prover should be worth nothing to others; with `bindsProver` it must be. */
export const workloadUnbound: Rule = {
  name: 'workload-unbound',
  async check({ sample, bindsProver, note }) {
    const proof = sample?.proof
    if (sample === undefined || proof === undefined) return withoutProof(sample)
    note('judging the proof for another workload and for another prover')
    const others = [
      ['another workload', { workload: `${sample.workload.slice(0, -1)}2` }],
      ['another prover', { prover: `${sample.prover.slice(0, -1)}3` }],
    ] as const
    const accepted: string[] = []
    for (const [whose, context] of others) {
      if ((await sample.judge({ proof, ...context })).kind === 'valid') accepted.push(whose)
    }
    if (accepted.length === 0) return []
    return [
      {
        severity: bindsProver ? 'error' : 'warning',
        seen: `the verifier accepts the proof for ${accepted.join(' and for ')}`,
        todo: bindsProver
          ? 'Deployed with --binds-prover such a proof is paid to whoever copies it: make workload and prover part of the statement, or deploy without.'
          : 'Make workload and prover part of the statement, and deploy with --binds-prover. If the statement is fixed, acknowledge it: commitments protect a proof within its workload, nothing across workloads.',
      },
    ]
  },
}
