/** `npm run demo:programs`: installs what is missing, builds, and runs every example program as a workload on this machine. */
import { show } from './lib/show.mjs'

await show('npm run demo:programs', 'scripts/demo/tour.ts', { runtimes: ['bubblewrap', 'programs'] })
