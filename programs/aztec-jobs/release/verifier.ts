import { runVerifier } from '../roles.js'
import { releaseCircuits } from './circuits.js'

await runVerifier(releaseCircuits)
