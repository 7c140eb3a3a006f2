import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { toProgramId, type WorkloadId } from '../../sdk/src/chain/hex.js'
import { archiveProofs, type ArchiveOptions } from '../../sdk/src/cli/archive/archiveProofs.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { runCli } from '../support/cli.js'
import { aProgram, PROOF, prover, PUBLIC_INPUTS, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js' // prettier-ignore
import { networkOptions } from '../support/networkOptions.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('cli: archive of proofs', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let program: `0x${string}`

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  const at = (name: string): string => join(directory(), name)
  const run = (name: string, options: Partial<ArchiveOptions> = {}, by = client) =>
    archiveProofs(by, {
      ...{ directory: at(name), store: new DirectoryStore(join(at(name), 'content')) },
      ...{ all: false, check: false, depth: 0, signal: new AbortController().signal, ...options },
    })

  async function submitted(of = program): Promise<WorkloadId> {
    return (await client.submit({ program: of, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 600 })).workload
  }

  async function proven(workload: WorkloadId): Promise<WorkloadId> {
    await network.chain.mine(4)
    await client.assign({ workload })
    const { spec, slots } = await client.getWorkload({ workload })
    await prover.submitProof(network, spec, slots[0]!.seat)
    return workload
  }

  /** As a node that keeps no old transactions. */
  function forgetful(): GevulotClient {
    const provider = new Proxy(client.contracts.provider, {
      get(target, name) {
        if (name === 'getTransaction') return () => Promise.resolve(null)
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      },
    })
    return { ...client, contracts: { ...client.contracts, provider } }
  }

  it('keeps what ended with a proof, goes on where it was, and fetches nothing twice', async () => {
    const early = await submitted()
    const first = await proven(await submitted())
    expect(await run('a')).to.deep.include({ archived: [first], kept: 0, missing: [] })
    // Submitted before the first run, over after it.
    await proven(early)
    const second = await run('a')
    expect(second).to.deep.include({ archived: [early], kept: 0, missing: [] })
    expect(second.block).to.equal(await network.chain.provider.getBlockNumber())
    const record = JSON.parse(await readFile(join(at('a'), 'workloads', `${first}.json`), 'utf8')) as object
    expect(record).to.deep.include({ workload: first, program, requester: network.requester.address })
    const store = new DirectoryStore(join(at('a'), 'content'))
    expect(Buffer.from(await store.get(digestOf(PROOF), { maxBytes: 1_000 })).equals(PROOF)).to.be.true
    expect(await store.has(digestOf(PUBLIC_INPUTS))).to.be.true
    // As if it had been killed before it noted how far it had come.
    await rm(join(at('a'), 'archive.json'))
    expect(await run('a')).to.deep.include({ archived: [], kept: 2, missing: [] })
  })

  it('is of one account and one program, and of no other afterwards', async () => {
    const other = await aProgram(network, client)
    const wanted = await proven(await submitted(other))
    await proven(await submitted())
    expect((await run('b', { program: toProgramId(other) })).archived).to.deep.equal([wanted])
    expect((await run('c', { requester: network.operators[0]!.address })).archived).to.deep.equal([])
    const error = await rejected(run('b'), 'CLI_ARCHIVE_OTHER')
    expect(error.message).to.contain(other)
  })

  it('what no store holds now is asked for again, and holds up nothing else', async () => {
    const workload = await proven(await submitted())
    const told: string[] = []
    const missing = await run('d', { onWorkload: (_, result) => told.push(result) }, forgetful())
    expect(missing.archived).to.deep.equal([])
    expect(missing.missing).to.include(workload)
    expect(new Set(told)).to.deep.equal(new Set(['missing']))
    const found = await run('d')
    expect(found.archived).to.have.members(missing.missing)
    expect(found.missing).to.deep.equal([])
  })

  it('copies that are damaged or gone are replaced when they are checked', async () => {
    const workload = await proven(await submitted())
    await run('e', { workload })
    expect(await readdir(at('e'))).not.to.include('archive.json')
    const hex = digestOf(PROOF).slice(2)
    const path = join(at('e'), 'content', hex.slice(0, 2), hex)
    await rm(path)
    await writeFile(path, 'something else')
    // Looking at names alone finds nothing.
    expect(await run('e', { workload })).to.include({ kept: 1 })
    expect((await run('e', { workload, check: true })).archived).to.deep.equal([workload])
    expect((await readFile(path)).equals(PROOF)).to.be.true
    expect((await run('e', { workload, check: true })).kept).to.equal(1)
  })

  it('every proof of what was archived before is fetched when it is asked for, and stays asked for', async () => {
    const { workload, spec } = await client.submit({
      ...{ program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 600, redundancy: 2 },
    })
    await network.chain.mine(4)
    await client.assign({ workload })
    const seats = (await client.getWorkload({ workload })).slots.map(({ seat }) => seat)
    const proofs = seats.map((seat) => Buffer.alloc(64, seat))
    for (const [index, seat] of seats.entries()) await prover.commit(network, workload, seat, proofs[index])
    await network.chain.pass(3)
    for (const [index, seat] of seats.entries()) await prover.reveal(network, spec, seat, proofs[index])
    await client.settle({ workload })
    const options = { program: toProgramId(program) }
    const store = new DirectoryStore(join(at('f'), 'content'))
    const kept = () => Promise.all(proofs.map((proof) => store.has(digestOf(proof))))
    expect((await run('f', options)).archived).to.include(workload)
    expect((await kept()).filter(Boolean)).to.have.length(1)
    const all = await run('f', { ...options, all: true })
    expect(all.archived).to.include(workload)
    expect(await kept()).to.deep.equal([true, true])
    expect(await run('f', { ...options, all: true })).to.deep.include({ archived: [], kept: 0, missing: [] })
    expect(await run('f', { workload, all: true })).to.include({ kept: 1 })
    // A copy that is lost is fetched again, by a run that asks for the best one only too.
    for (const proof of proofs)
      await rm(join(at('f'), 'content', digestOf(proof).slice(2, 4), digestOf(proof).slice(2)))
    expect((await run('f', { ...options, check: true })).archived).to.deep.equal([workload])
    expect(await kept()).to.deep.equal([true, true])
  })

  it('a workload without a proof is missing, whether one is asked for or all', async () => {
    const workload = await submitted()
    for (const all of [false, true])
      expect(await run('g', { workload, all })).to.deep.include({ archived: [], kept: 0, missing: [workload] })
  })

  it('is a command, which says what it did', async () => {
    const workload = await proven(await submitted())
    const settings = [...networkOptions(network, directory()), '--json']
    const result = await runCli(['proof', 'archive', workload, '--to', 'archive', ...settings], { cwd: directory() })
    expect(result.json(), result.stderr).to.deep.equal({ archived: [workload], kept: 0, missing: [], block: null })
    expect(result.code).to.equal(0)
  })
})
