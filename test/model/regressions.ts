import type { Step } from './acts/step.js'

/** Sequences in which model and contracts once differed, by what was wrong. */
export const REGRESSIONS: Readonly<Record<string, readonly Step[]>> = {}
