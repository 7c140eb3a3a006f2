import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchPackage } from '../../sdk/src/content/fetchPackage.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import type { RuntimeName } from '../../sdk/src/runtime/Runtime.js'

// Runs a program that fills its /out, with the disks of the run in a directory of their own. Prints how that ended and what it left there.
const [name, directory, workDirectory, guest] = process.argv.slice(2) as [RuntimeName, string, string, string]
const store = new DirectoryStore(join(directory, 'store'))
const resources = { cores: 1, memoryMiB: 64, outputMiB: 4 }
const { digest } = await buildPackage(
  {
    name: 'fills-its-disk',
    role: 'prove',
    argv: ['/app/guest', 'fill'],
    resources,
    files: [{ path: 'guest', source: guest, executable: true }],
  },
  store,
)
const runtime = createRuntime(name, { cacheDirectory: join(directory, 'cache'), workDirectory })
const ended = await runtime
  .run({
    package: await fetchPackage(digest, store, join(directory, 'packages')),
    ...{ inputs: [], args: [], role: 'prove', workload: '0xabc', prover: '0xdef', outputDirectory: directory },
    limits: { ...resources, seconds: 60, logBytes: 4096 },
  })
  .then(
    ({ kind, log }) => ({ kind, log }),
    (error: unknown) => ({ code: error instanceof GevulotError ? error.code : String(error), message: String(error) }),
  )
console.log(JSON.stringify({ ...ended, left: readdirSync(workDirectory) }))
