/**
 * Aztec's own sequencer, archiver, prover node, broker and rollup contracts on a local L1, with every proving job served by workloads of our
 * network. Two epochs: one undisturbed, and one in whose middle the adapter is killed. SIMULATED: Aztec's circuits are executed and not proven, but
 * for the smallest one, and the rollup's verifier takes every proof.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

import { LocalChain } from '../../demo/LocalChain.js'
import { paint } from '../../demo/paint.js'
import { root } from '../../lib/artifacts.js'
import { prepare } from '../setup/prepare.js'
import { account } from './account.js'
import { Adapter } from './Adapter.js'
import { AztecNetwork } from './AztecNetwork.js'
import { Market } from './Market.js'
import { postAgain } from './postAgain.js'
import { proveEpoch, type ProvenEpoch, type Stage } from './proveEpoch.js'
import { Rewards } from './Rewards.js'
import { amount, DEVELOPMENT, heading, note, SIMULATED, tell } from './say.js'
import { Bonding, ProverIdentity } from './Sidecar.js'

const DIRECTORY = join(root, '.gevulot', 'aztec-demo')
/** Blocks that are mined at once are a second apart, and some hundred are. */
const HEAD_START_SECONDS = 300

const closers: (() => Promise<void> | void)[] = []
async function closeAll(): Promise<void> {
  while (closers.length > 0) await closers.pop()?.()
}
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted.abort(new Error('interrupted'))
    void closeAll().finally(() => process.exit(130))
  })
}

async function main(): Promise<void> {
  const { signal } = interrupted
  const started = Date.now()
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })

  heading("Aztec's software, from npm")
  const prepared = await prepare()

  heading('One L1, two networks')
  const chain = await LocalChain.start({ behind: HEAD_START_SECONDS })
  closers.push(() => chain.stop())
  const market = await Market.deploy(chain, DIRECTORY, prepared)
  tell(
    `our contracts: market ${market.contracts.addresses.market}, two provers, two validators, a customer with tokens`,
  )
  for (const { program, types, labels } of market.programs) {
    const what = types.length > 3 ? `${types.length} types of job` : types.join(', ')
    note(`the program ${program.slice(0, 10)}, ${what}: ${paint.warn(labels.join('; '))}`)
  }
  const identity = await ProverIdentity.agree(chain)
  tell(`the prover's identity: ${identity.address}, shared by contract between customer and prover, 40 to 60`)
  const aztec = await AztecNetwork.deploy(chain, prepared, { directory: DIRECTORY, proverId: identity.address })
  closers.push(() => aztec.stop())
  const { rollup, feeAsset } = await aztec.contracts(signal)
  tell(`Aztec's contracts, deployed by its own script: rollup ${rollup}; ${SIMULATED}: its verifier is a mock`)
  const bonding = await Bonding.start(chain, market, rollup, identity.address)
  const rewards = new Rewards(chain, rollup)
  await chain.catchUp()
  await chain.keepTime()
  await market.start()
  closers.push(() => market.stop())
  const brokerUrl = await aztec.start(signal)
  tell("Aztec's sequencer, archiver, prover node and prover broker run; no proving agent of its own does")
  await market.ready(signal)
  const adapter = new Adapter(market, brokerUrl)
  closers.push(() => adapter.stop())
  adapter.start()
  await adapter.line(({ message }) => message === 'adapter started', 0, signal)
  tell(`gevulot aztec serve runs at that broker; ${SIMULATED} results are taken because it was told to`)

  const stage: Stage = { chain, market, aztec, adapter, bonding, rewards, identity }
  heading('An epoch')
  const first = await proveEpoch(stage, { kill: false }, signal)
  heading('An epoch in whose middle the adapter is killed')
  const second = await proveEpoch(stage, { kill: true }, signal)

  heading('Posting it oneself')
  await postAgain(stage, second, signal)

  heading('What our market paid')
  for (const { bundles } of [first, second]) await account(market, bundles, signal)

  heading('The reward')
  // Nothing of what follows needs them, and they would not understand a clock that jumps.
  await adapter.stop()
  await aztec.stop()
  await market.stop()
  await rewards.settle(second.epoch.number)
  tell("the chain's clock is moved to where the time for proofs of these epochs is over: until then others may share")
  await rewards.open()
  const epochs = [first, second].map(({ epoch }) => epoch.number)
  await rewards.claim(identity.address, epochs)
  const parts = await identity.pay(feeAsset)
  tell(`claimed by a passer-by, paid to the identity, and shared: ${parts.map(amount).join(' and ')} of Aztec's token`)

  heading('What it was')
  for (const proven of [first, second]) note(summary(proven))
  note(
    `${SIMULATED}: Aztec's circuits were executed by our provers without a proof, but for the smallest one, and the rollup verified none.`,
  )
  note(
    `${DEVELOPMENT}: that one was proven and verified by Aztec's own bb; parameters that are publicly known let anyone forge such a proof.`,
  )
  note(
    `logs: ${relative(process.cwd(), DIRECTORY)}/aztec.log, adapter/log.jsonl, and log.jsonl of alice, bob, vera and victor`,
  )
  console.log(paint.faint(`\n${Math.round((Date.now() - started) / 1000)} s in all.`))
}

function summary({ epoch, jobs, bundles, seconds, killed }: ProvenEpoch): string {
  const what = `${jobs} jobs in ${bundles.length} workloads, ${seconds.toFixed(0)} s from the epoch's end to its proof`
  return `epoch ${epoch.number}: ${what}${killed ? ', the adapter killed once, nothing paid twice' : ''}`
}

let failed = false
try {
  await main()
} catch (error) {
  failed = true
  if (!interrupted.signal.aborted) console.error(`\n${paint.bad('The demonstration failed:')}`, error)
}
await closeAll()
process.exit(failed ? 1 : 0)
