import { runProver } from '../roles.js'
import { releaseCircuits } from './circuits.js'

await runProver(releaseCircuits)
