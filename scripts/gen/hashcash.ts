/** Compiles the devnet's example prover into a module, so that whoever installs the SDK needs no C compiler. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from '../lib/artifacts.js'
import { compileHashcash } from '../lib/hashcash.js'

const directory = join(root, 'sdk/src/devnet/generated')
const elf = join(root, 'cache/hashcash')

mkdirSync(directory, { recursive: true })
compileHashcash(elf)
const text = [
  '/** An x86-64 ELF made of `example/hashcash.c`, in base64. */',
  `export const HASHCASH_ELF = '${readFileSync(elf).toString('base64')}'`,
  '',
]
writeFileSync(join(directory, 'hashcash.ts'), text.join('\n'))
