/** Deploys a verifier contract of this repository and prints its address: `tsx scripts/deployVerifier.ts SudokuVerifier --config gevulot.json`. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { JsonRpcProvider, Wallet } from 'ethers'

import { deployContract } from '../sdk/src/deploy/deploy.js'

const { positionals, values } = parseArgs({ allowPositionals: true, options: { config: { type: 'string' } } })
const [contract] = positionals
if (contract === undefined || values.config === undefined) {
  console.error('usage: tsx scripts/deployVerifier.ts <contract> --config <gevulot.json>')
  process.exit(2)
}
const config = JSON.parse(readFileSync(values.config, 'utf8')) as { rpcUrl: string; keyFile: string }
const key = readFileSync(resolve(dirname(values.config), config.keyFile), 'utf8').trim()
const provider = new JsonRpcProvider(config.rpcUrl)
try {
  const { address } = await deployContract(new Wallet(key.startsWith('0x') ? key : `0x${key}`, provider), contract)
  console.log(address)
} finally {
  provider.destroy()
}
