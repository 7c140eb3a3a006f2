import { prepareNode } from './libraries.js'
import { foundryEnvironment, installPackages, mendNative, runnableBb } from './packages.js'
import { Setup } from './Setup.js'

/** Aztec's software, ready to be run. */
export interface Prepared {
  /** A Node.js that loads its native modules. */
  readonly node: string
  /** Folder with its packages. */
  readonly packages: string
  /** Its native prover. */
  readonly bb: string
  /** Variables of the environment that its processes need. */
  readonly environment: Readonly<Record<string, string>>
}

/** Sets up what is missing in a private folder, and says so. */
export async function prepare(setup: Setup = new Setup()): Promise<Prepared> {
  console.log(`  in ${setup.directory}; nothing outside of it is changed`)
  const packages = await installPackages(setup)
  const { node, libraries } = await prepareNode(setup)
  if (libraries !== undefined) await mendNative(setup, packages, libraries)
  const bb = await runnableBb(setup, packages)
  return { node, packages, bb, environment: foundryEnvironment(setup, packages) }
}
