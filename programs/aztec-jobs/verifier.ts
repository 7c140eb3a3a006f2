import { readFileSync } from 'node:fs'

import { runVerifier } from './roles.js'
import { ownCircuits } from './simulate.js'

await runVerifier(ownCircuits((type) => readFileSync(`/app/${type}.vk`)))
