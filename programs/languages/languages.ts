import { c } from './c/build.js'
import { cpp } from './cpp/build.js'
import { go } from './go/build.js'
import { java } from './java/build.js'
import type { Language } from './Language.js'
import { node } from './node/build.js'
import { php } from './php/build.js'
import { python } from './python/build.js'
import { rust } from './rust/build.js'

/** Every language with an example. Source: docs/languages.md. */
export const LANGUAGES: readonly Language[] = [c, cpp, rust, go, java, python, node, php]
