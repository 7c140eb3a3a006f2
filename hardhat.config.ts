import { createRequire } from 'node:module'

import hardhatToolboxMochaEthers from '@nomicfoundation/hardhat-toolbox-mocha-ethers'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)

/** The compiler is the wasm build of the `solc` package, so that a build needs no download. */
const solc = {
  version: '0.8.37',
  path: require.resolve('solc/soljson.js'),
  settings: {
    evmVersion: 'prague',
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['storageLayout'] } },
  },
}

/** Small budgets by default; a long run raises them through the environment. */
function budget(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number above zero`)
  return value
}

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  solidity: { compilers: [solc] },
  paths: {
    sources: 'contracts',
    tests: { solidity: 'test', mocha: 'test' },
  },
  networks: {
    // In-process network of every test: the rules of a real chain, so no oversized contracts.
    default: {
      type: 'edr-simulated',
      chainType: 'l1',
      hardfork: 'prague',
      allowUnlimitedContractSize: false,
    },
  },
  test: {
    mocha: { timeout: 120_000 },
    solidity: {
      // Without a seed every run is the same one.
      fuzz: {
        runs: budget('FUZZ_RUNS', 128),
        ...(process.env['FUZZ_SEED'] === undefined ? {} : { seed: process.env['FUZZ_SEED'] }),
      },
      invariant: {
        runs: budget('INVARIANT_RUNS', 32),
        depth: budget('INVARIANT_DEPTH', 64),
        // A handler that reverts is a bug of the handler: it would make the invariant hold for nothing.
        failOnRevert: true,
      },
    },
  },
  typechain: {
    outDir: 'sdk/src/chain/generated',
    // scripts/gen/types.ts makes them from the ABIs alone, without byte code and without test contracts.
    dontOverrideCompile: true,
  },
})
