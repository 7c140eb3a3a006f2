import type { Rule } from '../Rule.js'
import { developmentParameters } from './developmentParameters.js'
import { keyFromInputs } from './keyFromInputs.js'
import { keyInProof } from './keyInProof.js'
import { limitsMissing } from './limitsMissing.js'
import { limitsTooTight } from './limitsTooTight.js'
import { mutatedProof } from './mutatedProof.js'
import { notReproducible } from './notReproducible.js'
import { publicInputsUnbound } from './publicInputsUnbound.js'
import { sampleRefused } from './sampleRefused.js'
import { workloadUnbound } from './workloadUnbound.js'

/** Every rule, what is quick first. */
export const rules: readonly Rule[] = [
  limitsMissing,
  developmentParameters,
  sampleRefused,
  limitsTooTight,
  keyFromInputs,
  keyInProof,
  publicInputsUnbound,
  workloadUnbound,
  mutatedProof,
  notReproducible,
]
