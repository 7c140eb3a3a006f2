/**
 * The main job, end to end, on this machine: a chain, provers and validators as processes of their own, workloads with real proofs.
 * Everything a requester does here goes through the public SDK.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { parseEther } from 'ethers'

import { connect, deploymentOf, followEvents } from '../../sdk/src/chain/index.js'
import { createClient, DirectoryInbox, type GevulotClient } from '../../sdk/src/client/index.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { generateDeliveryKey } from '../../sdk/src/crypto/index.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { createRuntime, findNanosKernel } from '../../sdk/src/runtime/index.js'
import { root } from '../lib/artifacts.js'
import { deploy, writeDeploymentRecord } from '../../sdk/src/deploy/deploy.js'
import { devnet, type Parameters } from '../../sdk/src/deploy/parameters.js'
import { Books } from './Books.js'
import { equip } from './equip.js'
import { LocalChain } from './LocalChain.js'
import { paint } from './paint.js'
import { deployPrograms, type DemoProgram } from './programs.js'
import { runJudged } from './judged.js'
import { cast, newcomer, startProver, type RuntimeChoice } from './provers.js'
import { setPuzzle, stakeSeats, watchCheck } from './qualification.js'
import { Story } from './Story.js'
import { startValidators, validators } from './validators.js'

const DIRECTORY = join(root, '.gevulot', 'demo')
const RUN_SECONDS = 60
/** An emulated machine takes some seven times as long as the processor itself, and three of them share this one. */
const RUN_SECONDS_IN_MACHINES = 600
const FEE = parseEther('20')
/** How often a workload with three slots is submitted again until the draw has met the silent prover. */
const MOST_WORKLOADS = 8
const SETTLE_SECONDS = 90

/** Short windows, so that even the slash can be watched. */
const PARAMETERS: Parameters = {
  ...devnet,
  epochLength: 10,
  rules: { ...devnet.rules, responseWindow: 6, silenceWindow: 9, revealDelay: 1, revealWindow: 15, verdictWindow: 20 },
}

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    runtime: { type: 'string', default: 'bubblewrap' },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(
    [
      'npm start [-- --keep] [-- --runtime bubblewrap|linux|nanos]',
      '',
      '  --keep     leave the chain and the provers running until Ctrl-C',
      '  --runtime  what the provers run programs in: namespaces (the default), a Linux microVM, or Nanos, for which a',
      '             kernel.img must be there (NANOS_KERNEL, or ~/.ops). Without KVM the last two take some times as long.',
    ].join('\n'),
  )
  process.exit(0)
}

function runSeconds(): number {
  return options.runtime === 'bubblewrap' ? RUN_SECONDS : RUN_SECONDS_IN_MACHINES
}

/** What the provers run programs in; the kernel of Nanos is pinned to what is found now. */
async function runtimeChoice(): Promise<RuntimeChoice> {
  const runtime = options.runtime
  if (runtime !== 'nanos') return { runtime }
  const { path, sha256 } = await findNanosKernel({})
  return { runtime, nanosKernel: path, nanosKernelSha256: sha256 }
}

/** Opened things, closed in reverse when the demonstration ends, however it ends. */
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

const heading = (text: string): void => console.log(`\n${paint.strong(text)}`)
const note = (text: string): void => console.log(`  ${text}`)

/** Runs one workload from submission to a verified proof, or to its failure. */
async function runWorkload(
  client: GevulotClient,
  story: Story,
  program: DemoProgram,
  redundancy: number,
  index: number,
): Promise<boolean> {
  const { workload } = await client.submit({
    program: program.id,
    inputs: { files: await program.inputs(index) },
    fee: FEE,
    maxRunTime: runSeconds(),
    redundancy,
  })
  story.announce(workload, `${program.built.name} ×${redundancy}`)
  try {
    const { from } = await client.waitForProof({ workload, signal: interrupted.signal })
    story.inHand(workload, from === 'delivery')
    await client.releaseWhenServed({ workload, signal: interrupted.signal })
  } catch (error) {
    interrupted.signal.throwIfAborted()
    if (!GevulotError.is(error, 'CLIENT_WORKLOAD_EXPIRED')) throw error
    story.tooFew(workload)
  }
  const ended = await waitUntilOver(client, workload)
  if (ended !== 'proven') return false
  const proof = await client.fetchProof({ workload })
  const onChain = await client.verifyProof({
    program: program.id,
    workload,
    prover: proof.operator ?? '0x',
    publicInputs: proof.publicInputs,
    proof: proof.proof,
  })
  const { spec } = await client.getWorkload({ workload })
  const offChain = await client.verifyProofWithProgram({
    program: program.id,
    workload,
    prover: proof.operator ?? '0x',
    inputs: spec.inputs,
    proof: proof.proof,
    cacheDirectory: join(DIRECTORY, 'requester', 'cache'),
  })
  if (!onChain.valid || !offChain.valid) throw new Error(`the proof of ${workload} does not verify`)
  const path = join(DIRECTORY, 'proofs', workload)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'proof'), proof.proof)
  writeFileSync(join(path, 'public_inputs'), proof.publicInputs)
  story.retrieved(workload)
  return true
}

async function waitUntilOver(client: GevulotClient, workload: `0x${string}`): Promise<string> {
  for (let second = 0; second < SETTLE_SECONDS + runSeconds(); second += 1) {
    const { status } = await client.getWorkload({ workload })
    if (status === 'proven' || status === 'expired' || status === 'cancelled') return status
    await sleep(1000, undefined, { signal: interrupted.signal })
  }
  throw new Error(`workload ${workload} was not settled in time`)
}

async function main(): Promise<void> {
  const started = Date.now()
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })

  heading('The network')
  const chain = await LocalChain.start()
  closers.push(() => chain.stop())
  const owner = chain.wallet(0)
  const record = await deploy({ owner, network: 'demo', parameters: PARAMETERS })
  const deploymentFile = writeDeploymentRecord(record, DIRECTORY)
  const contracts = await connect(deploymentOf(record), owner)
  note(`a local chain at ${chain.url}; market ${contracts.addresses.market}`)

  const requester = chain.wallet(1)
  await chain.fund(requester.address)
  const store = new DirectoryStore(join(DIRECTORY, 'store'))
  const deployment = deploymentOf(record)
  const client = await createClient({
    deployment,
    signer: requester,
    store,
    inbox: new DirectoryInbox(join(DIRECTORY, 'inbox'), {
      chainId: deployment.chainId,
      market: contracts.addresses.market,
    }),
    deliveryKey: generateDeliveryKey(),
    runtime: createRuntime('bubblewrap', { cacheDirectory: join(DIRECTORY, 'requester', 'cache') }),
    pollMs: 300,
  })
  await (await contracts.token.transfer(requester.address, parseEther('1000'))).wait()
  await client.deposit({ amount: parseEther('500') })
  const { spend, sudoku, judged } = await deployPrograms(client, owner, store)
  for (const { built, id } of [spend, sudoku]) {
    const { labels } = built.prover.manifest
    note(
      `program ${paint.strong(built.name)} ${paint.faint(id.slice(0, 10))} ${labels.length === 0 ? built.variant : paint.warn(labels.join(', '))}`,
    )
  }

  heading('Provers and validators')
  const roles = cast([spend.id, sudoku.id, judged.id], await runtimeChoice())
  const seats = new Map<string, number>()
  const names = new Map<string, string>()
  const wallets = roles.map((_, index) => chain.wallet(index + 2))
  for (const [index, role] of roles.entries()) {
    const wallet = wallets[index]
    if (wallet === undefined) continue
    names.set(wallet.address, role.name)
    await equip(chain, contracts, wallet)
    seats.set(role.name, await stakeSeats(contracts, wallet))
  }
  const judges = validators.map((role, index) => ({
    ...role,
    wallet: chain.wallet(roles.length + 3 + index),
    first: 0,
  }))
  const validatorClass = Number(await contracts.committee.validatorClass())
  for (const judge of judges) {
    names.set(judge.wallet.address, judge.name)
    await equip(chain, contracts, judge.wallet, judge.seats)
    judge.first = await stakeSeats(contracts, judge.wallet, judge.seats, validatorClass)
  }
  await chain.keepTime()
  const ground = {
    directory: DIRECTORY,
    rpcUrl: chain.url,
    deployment: deploymentFile,
    store: join(DIRECTORY, 'store'),
    inbox: join(DIRECTORY, 'inbox'),
  }
  const daemons = await startValidators(
    ground,
    judges.map(({ wallet }) => wallet.privateKey),
  )
  closers.push(async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))))
  for (const [index, role] of roles.entries()) {
    const wallet = wallets[index]
    if (wallet === undefined) continue
    daemons.push(startProver(role, ground, wallet.privateKey))
    note(
      `${paint.strong(role.name.padEnd(7))} seat ${seats.get(role.name) ?? '?'}, 1,000 GVLT bonded  ${paint.faint(role.note)}`,
    )
  }
  for (const { name, note: what, seats: count } of judges) {
    note(`${paint.strong(name.padEnd(7))} ${count} validator seat${count === 1 ? '' : 's'}  ${paint.faint(what)}`)
  }
  await Promise.all(daemons.map((daemon) => daemon.ready(interrupted.signal)))
  const books = new Books(contracts, [
    { name: 'requester', note: 'pays the fees', address: requester.address, seats: [] },
    ...roles.map((role, index) => ({
      name: role.name,
      note: role.note,
      address: wallets[index]?.address ?? '',
      seats: [seats.get(role.name) ?? 0],
    })),
    ...judges.map(({ name, note: what, wallet, seats: count, first }) => ({
      name,
      note: `validator: ${what}`,
      address: wallet.address,
      seats: Array.from({ length: count }, (_, index) => first + index),
    })),
  ])
  await books.open()

  heading('Workloads')
  const story = new Story((operator) => names.get(operator) ?? operator.slice(0, 8))
  const following = new AbortController()
  const slashed = { seen: false }
  const check = watchCheck(() => seats.get(newcomer.name))
  const told = (async () => {
    for await (const batch of followEvents(contracts, { pollMs: 300, signal: following.signal })) {
      if (batch.kind !== 'events') continue
      for (const event of batch.events) {
        story.see(event)
        check.see(event)
        if (event.name === 'Slashed') slashed.seen = true
      }
    }
  })().catch((error: unknown) => {
    if (!following.signal.aborted) throw error
  })
  // It is awaited below; until then its failure must not end this process, which has daemons to stop.
  told.catch(() => undefined)
  story.screen.open()
  closers.push(() => story.screen.close())
  // Aztec's prover comes first; a draw of the junk prover alone can cost a try.
  let index = 0
  while (!(await runWorkload(client, story, spend, 1, index++)) && index < MOST_WORKLOADS);
  const judging = runJudged(
    { client, story, program: judged, fee: FEE, seconds: runSeconds(), directory: DIRECTORY },
    interrupted.signal,
  )
  // It is awaited below; until then a failure of another workload comes first.
  judging.catch(() => undefined)
  await Promise.all([runWorkload(client, story, spend, 3, index++), runWorkload(client, story, sudoku, 1, index++)])
  do {
    await runWorkload(client, story, index % 2 === 1 ? sudoku : spend, 3, index++)
  } while (!slashed.seen && index < MOST_WORKLOADS)
  await judging
  // A silence window may still be running.
  await sleep((PARAMETERS.rules.silenceWindow + 5) * 1000 * (slashed.seen ? 0 : 1), undefined, {
    signal: interrupted.signal,
  })
  story.screen.close()

  heading('The hardware check')
  note(
    `from now on a seat has to solve a puzzle, to join and now and then to stay: ${await setPuzzle(contracts, owner)}`,
  )
  const nova = chain.wallet(roles.length + 2)
  names.set(nova.address, newcomer.name)
  await equip(chain, contracts, nova)
  seats.set(newcomer.name, await stakeSeats(contracts, nova))
  const joining = startProver(newcomer, ground, nova.privateKey)
  closers.push(() => joining.stop())
  const complete = await check.done(interrupted.signal)
  if (!complete) note(paint.warn('The check is not over yet: somebody has not joined or was not evicted in time.'))
  following.abort()
  await told

  heading('Who gained, who lost (GVLT)')
  for (const line of await books.close()) note(line)
  if (!slashed.seen) note(paint.warn('The silent prover was never drawn this time, so nobody was slashed.'))

  heading('Files')
  note(`proofs      ${relative(process.cwd(), join(DIRECTORY, 'proofs'))}/<workload>/proof`)
  note(`content     ${relative(process.cwd(), join(DIRECTORY, 'store'))}`)
  note(`logs        ${relative(process.cwd(), DIRECTORY)}/<name>/log.jsonl`)
  note(`deployment  ${relative(process.cwd(), deploymentFile)}`)
  console.log(paint.faint(`\n${Math.round((Date.now() - started) / 1000)} s in all.`))
  if (!options.keep) return
  console.log(`\nStill running at ${chain.url}. Stop with Ctrl-C.`)
  await new Promise(() => undefined)
}

let failed = false
try {
  await main()
} catch (error) {
  failed = true
  if (!interrupted.signal.aborted) console.error(`\n${paint.bad('The demonstration failed:')}`, error)
}
await closeAll()
// The prover of the sudoku leaves threads behind that would keep this process alive.
process.exit(failed ? 1 : 0)
