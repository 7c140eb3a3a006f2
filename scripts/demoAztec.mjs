/** `npm run demo:aztec`: installs what is missing, builds, and lets Aztec's own software have two epochs proven by our network on this machine. */
import { show } from './lib/show.mjs'

await show('npm run demo:aztec', 'scripts/aztec/demo/main.ts', { runtimes: ['bubblewrap'] })
