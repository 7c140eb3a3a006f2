import { browserActions } from './browserActions.js'
import { verifyProofWithProgram } from './verifyProofWithProgram.js'

/** Every action that a client carries as a method. */
export const actions = { ...browserActions, verifyProofWithProgram }
