import { readFileSync } from 'node:fs'

import { runProver } from './roles.js'
import { ownCircuits } from './simulate.js'

await runProver(ownCircuits((type) => readFileSync(`/app/${type}.vk`)))
