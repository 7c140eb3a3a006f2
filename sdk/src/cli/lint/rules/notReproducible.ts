import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hexOf } from '../../../content/index.js'
import { lintError } from '../../../errors/codes/lint.js'
import type { Rule } from '../Rule.js'

/** Bytes of a build's output that are kept. */
const MAX_OUTPUT_BYTES = 1 << 20
const ROLES = ['prover', 'verifier'] as const

/** Whoever builds a program again must get the packages that were deployed; else nobody can tell what they hold. */
export const notReproducible: Rule = {
  name: 'not-reproducible',
  async check({ build, prover, verifier, note, signal }) {
    if (build === undefined) return { unchecked: 'no command builds it: give one with --build' }
    const wanted = { prover: hexOf(prover.digest), verifier: hexOf(verifier.digest) }
    note('building it')
    const first = await digestsOf(build, { TZ: 'UTC' }, signal)
    note('building it again, in another time zone and another temporary directory')
    const second = await digestsOf(build, { TZ: 'Pacific/Chatham' }, signal)
    const missing = [...first].filter((digest) => !second.has(digest)).length
    if (missing > 0 || first.size !== second.size) {
      return [
        {
          severity: 'error',
          seen: 'two builds, one after the other, gave different packages',
          todo: 'Take out what changes: times, random values, paths of this machine, the order of a directory. Compare the two manifests to see which file it is.',
        },
      ]
    }
    const other = ROLES.filter((role) => !first.has(wanted[role]))
    if (other.length === 0) return []
    return [
      {
        severity: 'error',
        seen: `the build gives another ${other.join(' and another ')} than this one`,
        todo: 'Lint what the build makes, or make it as these packages were made: the same source, compilers and libraries.',
      },
    ]
  },
}

/** The digests that a build prints. */
async function digestsOf(
  command: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'gevulot-lint-build-'))
  try {
    const { code, output } = await execute(command, { ...environment, TMPDIR: directory }, signal)
    signal?.throwIfAborted()
    const digests = new Set([...output.matchAll(/\b(?:0x)?([0-9a-f]{64})\b/g)].map(([, digest]) => digest ?? ''))
    if (code === 0 && digests.size > 0) return digests
    const last = output.trim().split('\n').at(-1) ?? ''
    throw lintError(
      'LINT_BUILD_FAILED',
      code === 0 ? `${command} prints no digest` : `${command} ended with ${code}: ${last.slice(0, 500)}`,
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function execute(
  command: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<{ readonly code: number | string; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-MAX_OUTPUT_BYTES)))
    }
    child.on('error', reject)
    child.on('close', (code, killedBy) => resolve({ code: code ?? killedBy ?? 'nothing', output }))
  })
}
