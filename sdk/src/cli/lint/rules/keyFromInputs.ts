import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPackage } from '../../../content/index.js'
import { isX64Elf } from '../../../content/elf/isX64Elf.js'
import { namesKey } from '../keyNames.js'
import type { Observation, Rule } from '../Rule.js'

/** Files that are larger are data, not scripts. */
const MAX_SCRIPT_BYTES = 16 << 20

/** The verifying key belongs into the verifier's package: whoever sends the key decides what is true. */
export const keyFromInputs: Rule = {
  name: 'key-from-inputs',
  async check({ verifier, sample }) {
    const places = new Set([...startedWith(verifier), ...(await readByScripts(verifier))])
    return [
      ...[...places].map((place): Observation => ({
        severity: 'error',
        seen: `the verifier reads its key from ${place}`,
        todo: 'Pin the key: pack it with the verifier (--file), and read it from /app.',
      })),
      ...(sample?.inputNames ?? []).filter(namesKey).map((name): Observation => ({
        severity: 'warning',
        seen: `the input ${name} is called like a verifying key`,
        todo: 'Pin the key: pack it with the verifier, not with each workload. If it is no key, call it something else.',
      })),
    ]
  },
}

/** What arguments and variables say; `-k /in/circuit` says it in the word before. */
function startedWith({ manifest: { argv, env } }: LocalPackage): readonly string[] {
  const words = argv.map((word, index) => [argv[index - 1] ?? '', word] as const)
  return [...words, ...Object.entries(env)].flatMap(([before, word]) =>
    keyPlaces(word, before === '-k' || (!before.includes('/') && namesKey(before))),
  )
}

/** Scripts that name such a path; what an ELF reads is not looked for. */
async function readByScripts({ manifest, files }: LocalPackage): Promise<readonly string[]> {
  const places: string[] = []
  for (const { path, size } of manifest.files) {
    const place = join(files, path)
    if (size <= MAX_SCRIPT_BYTES && !(await isX64Elf(place))) {
      places.push(...keyPlaces(await readFile(place, 'latin1'), false))
    }
  }
  return places
}

/** Paths in `/in` that name a key; where a key is known to be meant, every one. */
function keyPlaces(text: string, isKey: boolean): readonly string[] {
  return [...text.matchAll(/\/(?:in|workspace)\/[A-Za-z0-9_][A-Za-z0-9._-]*/g)]
    .map(([path]) => path)
    .filter((path) => isKey || namesKey(path))
}
