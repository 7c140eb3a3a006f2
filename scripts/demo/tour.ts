/**
 * Every example program as a workload on this machine: a chain, three provers as processes of their own, real inputs and real proofs, each
 * verified by the verifier program and by the contract. Ends with a table of sizes, times, memory and gas.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { hexlify, Interface, parseEther, type Signer } from 'ethers'

import type { BuiltProgram } from '../../programs/support/program.js'
import { connect, deploymentOf, type Hex } from '../../sdk/src/chain/index.js'
import { createClient, deployProgram, type GevulotClient } from '../../sdk/src/client/index.js'
import { DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'
import { root } from '../lib/artifacts.js'
import { deploy, deployContract, writeDeploymentRecord } from '../../sdk/src/deploy/deploy.js'
import { devnet, type Parameters } from '../../sdk/src/deploy/parameters.js'
import { equip } from './equip.js'
import { EXHIBITS, type Exhibit } from './exhibits.js'
import { LocalChain } from './LocalChain.js'
import { pad, padStart, paint } from './paint.js'
import { startProver } from './provers.js'
import { stakeSeats } from './qualification.js'

const DIRECTORY = join(root, '.gevulot', 'tour')
/** Generous: three provers may share two cores with everything else on this machine. */
const RUN_SECONDS = 600
const FEE = parseEther('100')
const POLLS = 900
const PROVERS = ['alice', 'bob', 'carol']
/** Enough to answer on a machine that has other things to do. */
const PARAMETERS: Parameters = {
  ...devnet,
  rules: { ...devnet.rules, responseWindow: 30, revealDelay: 1, revealWindow: 30 },
}
const VERIFY = new Interface(['function verify(bytes32 workload, address prover, bytes publicInputs, bytes proof)'])

const { values: options } = parseArgs({
  options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', default: false } },
})
if (options.help) {
  console.log(
    `npm run demo:programs [-- --only <program>]\n\n  --only  ${EXHIBITS.map(({ title }) => title).join(' | ')}`,
  )
  process.exit(0)
}
const unknown = options.only?.find((name) => !EXHIBITS.some(({ title }) => title === name))
if (unknown !== undefined) {
  console.error(`There is no program "${unknown}".`)
  process.exit(2)
}

/** One line of the table. */
interface Line {
  readonly title: string
  readonly statement: string
  readonly variant: string
  readonly packageMiB: number
  readonly proofBytes: number
  readonly proveSeconds: number
  readonly memoryMiB: number
  readonly verifySeconds: number
  readonly gas: number
}

const heading = (text: string): void => console.log(`\n${paint.strong(text)}`)
const note = (text: string): void => console.log(`  ${text}`)
const closers: (() => Promise<void> | void)[] = []
async function closeAll(): Promise<void> {
  while (closers.length > 0) await closers.pop()?.()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void closeAll().finally(() => process.exit(130)))

async function deployVerifier(owner: Signer, { contract }: BuiltProgram): Promise<Hex> {
  if (contract.code === undefined) return asHex((await deployContract(owner, contract.name)).address)
  const receipt = await (await owner.sendTransaction({ data: hexlify(contract.code) })).wait()
  if (typeof receipt?.contractAddress !== 'string') throw new Error(`${contract.name} was not deployed`)
  return asHex(receipt.contractAddress)
}

/** What a worker's log says of the run of a workload; the best of several provers. */
function runsOf(workload: string): { readonly wallSeconds: number; readonly peakMemoryMiB?: number } {
  const runs = PROVERS.flatMap((name) =>
    readFileSync(join(DIRECTORY, name, 'log.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"program ended"') && line.includes(workload))
      .map((line) => JSON.parse(line) as { wallSeconds: number; peakMemoryMiB?: number }),
  )
  const [best] = runs.sort((a, b) => a.wallSeconds - b.wallSeconds)
  if (best === undefined) throw new Error(`no prover says that it ran ${workload}`)
  return best
}

async function show(client: GevulotClient, owner: Signer, exhibit: Exhibit): Promise<Line> {
  const { title, statement, redundancy } = exhibit
  heading(`${title}: ${statement}`)
  const built = await exhibit.build(client.store ?? fail('no store'))
  const verifier = await deployVerifier(owner, built)
  const { program } = await deployProgram(client, {
    prover: built.prover.digest,
    verifierProgram: built.verifier.digest,
    verifier,
    verifierGas: built.contract.gas,
    class: 1,
    ...(built.bindsProver === true && { bindsProver: true }),
  })
  const labels = built.prover.manifest.labels.join(', ')
  note(`deployed as ${program.slice(0, 10)}, ${built.variant} ${paint.warn(labels)}`)
  const { files } = await exhibit.inputs()
  const inputs = { files: files as Readonly<Record<string, Uint8Array>> }
  const { workload } = await client.submit({ program, inputs, fee: FEE, maxRunTime: RUN_SECONDS, redundancy })
  note(`workload ${workload.slice(0, 10)} submitted for ${redundancy} prover${redundancy > 1 ? 's' : ''}`)
  await proven(client, workload)

  const { proof, publicInputs, operator = fail('the proof has no operator') } = await client.fetchProof({ workload })
  const { spec, slots } = await client.getWorkload({ workload })
  const valid = slots.filter(({ proof }) => proof !== undefined).length
  if (valid < redundancy) throw new Error(`${title}: ${valid} of ${redundancy} proofs`)
  note(`${valid} proof${valid > 1 ? 's' : ''} revealed, verified by the market on chain and paid`)
  const statementOf = { program, workload, prover: operator, proof }
  const onChain = await client.verifyProof({ ...statementOf, publicInputs })
  const cacheDirectory = join(DIRECTORY, 'cache')
  const started = Date.now()
  const offChain = await client.verifyProofWithProgram({ ...statementOf, inputs: spec.inputs, cacheDirectory })
  const verifySeconds = (Date.now() - started) / 1000
  if (!onChain.valid || !offChain.valid) throw new Error(`${title}: the proof does not verify`)
  const tampered = Uint8Array.from(proof)
  tampered[100] = (tampered[100] ?? 0) ^ 1
  const refused = await client.verifyProof({ ...statementOf, publicInputs, proof: tampered })
  if (refused.valid) throw new Error(`${title}: a proof with one bit changed is valid`)
  note(paint.good('verified once more by the contract and by the verifier program; with one bit changed it is refused'))

  const data = VERIFY.encodeFunctionData('verify', [workload, operator, publicInputs, proof])
  const receipt = await (await owner.sendTransaction({ to: verifier, data, gasLimit: 5_000_000 })).wait()
  const { wallSeconds, peakMemoryMiB = 0 } = runsOf(workload)
  return {
    title,
    statement: `${built.name}${redundancy > 1 ? ` ×${redundancy}` : ''}`,
    variant: built.variant,
    packageMiB: built.prover.manifest.files.reduce((sum, { size }) => sum + size, 0) / 2 ** 20,
    proofBytes: proof.length,
    proveSeconds: wallSeconds,
    memoryMiB: peakMemoryMiB,
    verifySeconds,
    gas: Number(receipt?.gasUsed ?? 0),
  }
}

async function proven(client: GevulotClient, workload: `0x${string}`): Promise<void> {
  for (let poll = 0; poll < POLLS; poll += 1) {
    const { status } = await client.getWorkload({ workload })
    if (status === 'proven') return
    if (status === 'expired' || status === 'cancelled') throw new Error(`workload ${workload} is ${status}`)
    await sleep(1000)
  }
  throw new Error(`workload ${workload} was not proven in time; see ${DIRECTORY}/<prover>/log.jsonl`)
}

function table(lines: readonly Line[]): string[] {
  const head = ['program', '', 'parameters', 'package', 'proof', 'prove', 'memory', 'verify', 'on chain']
  const rows = lines.map((line) => [
    line.title,
    line.statement,
    line.variant,
    `${line.packageMiB.toFixed(1)} MiB`,
    `${line.proofBytes.toLocaleString('en')} B`,
    `${line.proveSeconds.toFixed(2)} s`,
    `${Math.round(line.memoryMiB)} MiB`,
    `${line.verifySeconds.toFixed(2)} s`,
    `${line.gas.toLocaleString('en')} gas`,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)))
  const format = (row: readonly string[]): string =>
    row.map((cell, column) => (column < 3 ? pad : padStart)(cell, widths[column] ?? 0)).join('  ')
  return [paint.faint(format(head)), ...rows.map(format)]
}

async function main(): Promise<void> {
  const started = Date.now()
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })

  heading('The network')
  const chain = await LocalChain.start()
  closers.push(() => chain.stop())
  const owner = chain.wallet(0)
  const record = await deploy({ owner, network: 'tour', parameters: PARAMETERS })
  const deployment = deploymentOf(record)
  const contracts = await connect(deployment, owner)
  const requester = chain.wallet(1)
  await chain.fund(requester.address)
  const store = new DirectoryStore(join(DIRECTORY, 'store'))
  const client = await createClient({
    deployment,
    signer: requester,
    store,
    runtime: createRuntime('bubblewrap', { cacheDirectory: join(DIRECTORY, 'cache') }),
    pollMs: 300,
  })
  await (await contracts.token.transfer(requester.address, parseEther('5000'))).wait()
  await client.deposit({ amount: parseEther('3000') })
  const ground = {
    directory: DIRECTORY,
    rpcUrl: chain.url,
    deployment: writeDeploymentRecord(record, DIRECTORY),
    store: join(DIRECTORY, 'store'),
    inbox: join(DIRECTORY, 'inbox'),
  }
  const wallets = PROVERS.map((_, index) => chain.wallet(index + 2))
  for (const wallet of wallets) {
    await equip(chain, contracts, wallet)
    await stakeSeats(contracts, wallet)
  }
  await chain.keepTime()
  const config = { runtime: 'bubblewrap', claimOpen: true, keeper: true, cores: 2, memoryMiB: 8192 }
  const provers = PROVERS.map((name, index) => {
    const entry = 'sdk/dist/worker/main.js'
    const prover = startProver({ name, note: '', entry, config }, ground, wallets[index]?.privateKey ?? '')
    closers.push(() => prover.stop())
    return prover
  })
  await Promise.all(provers.map((prover) => prover.ready(AbortSignal.timeout(120_000))))
  note(`a local chain at ${chain.url}, and the provers ${PROVERS.join(', ')}`)

  const lines: Line[] = []
  const chosen = EXHIBITS.filter(({ title }) => options.only?.includes(title) ?? true)
  for (const exhibit of chosen) {
    const missing = exhibit.missing?.()
    if (missing === undefined) lines.push(await show(client, owner, exhibit))
    else heading(`${exhibit.title}: left out, ${missing}`)
  }

  heading('What it took')
  for (const line of table(lines)) note(line)
  note('')
  note('prove: the fastest prover’s run in its sandbox. verify: the verifier program with everything around it.')
  note('on chain: a transaction that does nothing else. memory: the most the prover held at once.')
  console.log(paint.faint(`\n${Math.round((Date.now() - started) / 1000)} s in all.`))
}

function asHex(text: string): Hex {
  return text as Hex
}

function fail(why: string): never {
  throw new Error(why)
}

let failed = false
try {
  await main()
} catch (error) {
  failed = true
  console.error(`\n${paint.bad('The tour failed:')}`, error)
}
await closeAll()
// The prover of the sudoku leaves threads behind that would keep this process alive.
process.exit(failed ? 1 : 0)
