/** `npm run reference`: every public name of the SDK as a page, in `dist/reference/`; nothing of it is fetched from elsewhere. */
import { join } from 'node:path'

import { root } from './lib/artifacts.js'
import { writeReference } from './lib/reference.js'

const out = join(root, 'dist/reference')
await writeReference(out)
console.log(`The reference of the SDK is in ${join(out, 'index.html')}`)
