/**
 * Runs the checks that no compiler or linter does: `npm run checks` for all, `npm run checks -- sizes links` for some.
 * Each check names what is wrong and where; it knows nothing of the others.
 */
import { abiAndStorage } from './abiAndStorage.js'
import { cli } from './cli.js'
import { compilerWarnings } from './compilerWarnings.js'
import { contractSizes } from './contractSizes.js'
import { errors } from './errors.js'
import { externalCalls } from './externalCalls.js'
import { fileSizes } from './fileSizes.js'
import { functionOrder } from './functionOrder.js'
import { invariants } from './invariants.js'
import { leftovers } from './leftovers.js'
import { links } from './links.js'
import { lockfile } from './lockfile.js'
import { metrics } from './metrics.js'
import { natspec } from './natspec.js'
import { registries } from './registries.js'
import { roles } from './roles.js'
import { sdkPackage } from './sdkPackage.js'
import { soundTests } from './soundTests.js'
import { surface } from './surface.js'
import { testNames } from './testNames.js'

/** Returns one line for each thing that is wrong. */
type Check = () => readonly string[]

const checks: Readonly<Record<string, Check>> = {
  fileSizes,
  leftovers,
  registries,
  lockfile,
  testNames,
  soundTests,
  links,
  invariants,
  sdkPackage,
  cli,
  compilerWarnings,
  contractSizes,
  functionOrder,
  natspec,
  roles,
  externalCalls,
  metrics,
  errors,
  abiAndStorage,
  surface,
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in checks))
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(', ')}. There are: ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const problems = check()
  console.log(problems.length === 0 ? `  ok    ${name}` : `  FAIL  ${name}`)
  for (const problem of problems) console.log(`          ${problem}`)
  if (problems.length > 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1
