import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { expectedProof, makeInputs } from '../../programs/languages/chains.js'
import type { Language } from '../../programs/languages/Language.js'
import { LANGUAGES } from '../../programs/languages/languages.js'
import { isInstalled } from '../../programs/languages/toolchain.js'
import { runPackage } from '../../programs/support/run.js'
import { buildPackage, type BuiltPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { createRuntime } from '../../sdk/src/runtime/createRuntime.js'
import type { Runtime, RuntimeName } from '../../sdk/src/runtime/Runtime.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const JOB = { workload: `0x${'11'.repeat(32)}`, prover: `0x${'22'.repeat(20)}` }
const NAMES: readonly RuntimeName[] = ['bubblewrap', 'linux', 'nanos']

describe('runtime languages', function () {
  this.timeout(300_000)
  const directory = useTemporaryDirectory()
  let store: DirectoryStore
  const built = new Map<Language, Promise<BuiltPackage>>()

  before(() => {
    store = new DirectoryStore(join(directory(), 'store'))
  })

  async function build(language: Language): Promise<BuiltPackage> {
    const { name, resources } = language
    const program = await language.build(mkdtempSync(join(directory(), `${name}-`)))
    return buildPackage({ name: `chains-${name}`, role: 'prove', resources, ...program }, store)
  }

  function packageOf(language: Language): Promise<BuiltPackage> {
    const ready = built.get(language) ?? build(language)
    built.set(language, ready)
    return ready
  }

  /** Skips the test, with the reason, where the language's compiler or interpreter is not there. */
  function needToolchain(context: Mocha.Context, { name, tools, debian }: Language): void {
    const missing = tools.filter((tool) => !isInstalled(tool))
    if (missing.length === 0) return
    console.log(`      SKIP ${name}: ${missing.join(', ')} is not installed (apt-get install ${debian})`)
    context.skip()
  }

  for (const language of LANGUAGES) {
    it(`${language.name}: the same source gives the same package`, async function () {
      needToolchain(this, language)
      const again = await build(language)
      expect(again.digest).to.equal((await packageOf(language)).digest)
    })
  }

  for (const name of NAMES) {
    describe(name, () => {
      let runtime: Runtime
      before(async function () {
        runtime = createRuntime(name, { cacheDirectory: join(directory(), 'runtime'), workDirectory: directory() })
        const check = await runtime.check()
        if (check.available) return
        console.log(`      SKIP ${name}: ${check.reason} (${check.fix})`)
        this.skip()
      })

      for (const language of LANGUAGES) {
        it(`runs ${language.name}`, async function () {
          needToolchain(this, language)
          const program = await packageOf(language)
          const context = { ...JOB, cacheDirectory: join(directory(), 'cache') }
          const good = makeInputs(Buffer.alloc(32, language.name), 500)
          const [proved, refused] = await Promise.all([
            runPackage(runtime, program, store, { ...good }, context),
            runPackage(runtime, program, store, { public_inputs: Buffer.alloc(63) }, context),
          ])
          expect(proved.outcome.kind, JSON.stringify(proved.outcome)).to.equal('ok')
          expect(proved.files.get('proof')).to.deep.equal(Buffer.from(expectedProof(good.public_inputs)))
          expect(proved.outcome.log).to.match(/4 lanes, \d+ threads?\n/)
          const text = 'public_inputs is not two words of 32 bytes'
          expect(refused.outcome, JSON.stringify(refused.outcome)).to.include({ kind: 'program-error', text })
          if (name !== 'bubblewrap') return
          // What another runtime would not change. Steps: 0, 2^32, 2^255.
          const steps = 'the number of steps is not 1 to 2^32 - 1'
          const bad: ReadonlyArray<readonly [says: string, inputs: Readonly<Record<string, Uint8Array>>]> = [
            ['the file /in/public_inputs is missing', {}],
            [steps, { public_inputs: Buffer.alloc(64) }],
            [steps, { public_inputs: Buffer.alloc(64).fill(1, 59, 60) }],
            [steps, { public_inputs: Buffer.alloc(64).fill(0x80, 32, 33) }],
          ]
          for (const [says, inputs] of bad) {
            const { outcome } = await runPackage(runtime, program, store, inputs, context)
            expect(outcome, JSON.stringify(outcome)).to.include({ kind: 'program-error', text: says })
          }
        })
      }
    })
  }
})
