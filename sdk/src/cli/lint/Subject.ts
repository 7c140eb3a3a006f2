import type { Members } from '../../content/shape.js'
import type { LocalPackage } from '../../content/index.js'
import type { Sample } from './Sample.js'

/** A program as the rules see it: its two packages, what its author says of it, and how a sample of its work went. */
export interface Subject {
  /** As they stand in the store, before their shape is checked. */
  readonly manifests: readonly Members[]
  readonly prover: LocalPackage
  readonly verifier: LocalPackage
  /** Whether it is for a devnet, where development parameters are at home. */
  readonly devnet: boolean
  /** Whether it is to be deployed with `bindsProver`. */
  readonly bindsProver: boolean
  /** Seconds that workloads give it. */
  readonly maxRunTime: number | undefined
  /** A command line that builds both packages and prints their digests. */
  readonly build: string | undefined
  /** Undefined without sample inputs. */
  readonly sample: Sample | undefined
  /** Mutated proofs to try. */
  readonly mutations: number
  /** Which mutations: the same seed, the same ones. */
  readonly seed: number
  /** Hears what is going on. */
  readonly note: (line: string) => void
  readonly signal: AbortSignal | undefined
}
