import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { formatted, type Generated, writeOrCheck } from '../support/pinned.js'
import { verifierContract } from './contract.js'
import type { VerifyingKey } from './key.js'
import { resolveParameters } from './parameters.js'
import { type PostName, PROGRAMS } from './shapes.js'

/** The pinned files of a statement: the verifying key and the contract with that key compiled in. */
export async function generate(name: PostName): Promise<Generated> {
  const program = PROGRAMS[name]
  const { key, development } = await resolveParameters(program)
  const path = `programs/filecoin/keys/${name}.json`
  return new Map([
    [path, await formatted(JSON.stringify(key), path)],
    [`contracts/verifiers/filecoin/${program.contract}.sol`, verifierContract(name, program, key, development)],
  ])
}

/** The pinned verifying key of a statement. */
export async function pinnedKey(name: PostName): Promise<VerifyingKey> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'keys', `${name}.json`), 'utf8')) as VerifyingKey
}

if (import.meta.filename === process.argv[1]) {
  // A real set-up is of one statement: name it. Without a name all are made.
  const named = (Object.keys(PROGRAMS) as PostName[]).filter((name) => process.argv.includes(name))
  const all = named.length > 0 ? named : (Object.keys(PROGRAMS) as PostName[])
  const files = await Promise.all(all.map(generate))
  await writeOrCheck(new Map(files.flatMap((generated) => [...generated])))
}
