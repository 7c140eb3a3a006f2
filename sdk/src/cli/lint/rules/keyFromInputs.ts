import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPackage } from '../../../content/index.js'
import { isX64Elf } from '../../../content/elf/isX64Elf.js'
import { namesKey } from '../keyNames.js'
import type { Observation, Rule } from '../Rule.js'
import type { Sample } from '../Sample.js'
import type { Subject } from '../Subject.js'

/** Files that are larger are data, not scripts. */
const MAX_SCRIPT_BYTES = 16 << 20

/** The verifying key belongs into the verifier's package: whoever sends the key decides what is true. */
export const keyFromInputs: Rule = {
  name: 'key-from-inputs',
  async check({ verifier, sample, note }) {
    const places = new Set([...startedWith(verifier), ...(await readByScripts(verifier))])
    return [
      ...[...places].map((place): Observation => ({
        severity: 'error',
        seen: `the verifier reads its key from ${place}`,
        todo: 'Pin the key: pack it with the verifier (--file), and read it from /app.',
      })),
      ...(sample === undefined ? [] : await neededInputs(sample, note)),
    ]
  },
}

/** Inputs beside the public ones without which the verifier does not accept: whatever it is written in, it reads them. */
async function neededInputs(sample: Sample, note: Subject['note']): Promise<readonly Observation[]> {
  const { proof } = sample
  const others = sample.inputNames.filter((name) => name !== 'public_inputs')
  if (proof === undefined || others.length === 0) return []
  note(`judging the proof without each of ${others.length} other inputs`)
  const needed: string[] = []
  for (const without of others) {
    if ((await sample.judge({ proof, without })).kind !== 'valid') needed.push(without)
  }
  return needed.map((name) =>
    namesKey(name)
      ? {
          severity: 'error',
          seen: `the verifier accepts nothing without the input ${name}, which is called like a key`,
          todo: 'Pin the key: pack it with the verifier (--file), not with each workload.',
        }
      : {
          severity: 'warning',
          seen: `the verifier accepts nothing without the input ${name}`,
          todo: 'What a proof is about belongs into public_inputs, a key into the package. A verifier contract sees no other input.',
        },
  )
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
