/** `npm start`: installs what is missing, builds, and shows the network at work on this machine. */
import { show } from './lib/show.mjs'

await show('npm start', 'scripts/demo/main.ts', { runtimes: ['bubblewrap', 'linux'] })
