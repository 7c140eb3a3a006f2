import { join } from 'node:path'

import { GuestProgram } from '../support/guestProgram.js'

/** The prover, which is also the tool that makes parameters and keys (prover/main.cpp). */
export const PROVER = new GuestProgram(join(import.meta.dirname, 'prover'))
