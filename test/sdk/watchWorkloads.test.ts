import { expect } from 'chai'
import type { Cursor } from '../../sdk/src/chain/followEvents.js'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { watchWorkloads } from '../../sdk/src/client/watchWorkloads.js'
import { aProgram, prover, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

describe('client: many workloads at once', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  const submit = async (): Promise<WorkloadId> =>
    (await client.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })).workload
  async function prove(workload: WorkloadId): Promise<void> {
    await network.chain.mine(4)
    await client.assign({ workload })
    await submitProof(workload)
  }
  async function submitProof(workload: WorkloadId): Promise<void> {
    const { spec, slots } = await client.getWorkload({ workload })
    await prover.submitProof(network, spec, slots[0]!.seat)
  }

  it('are followed until the last of them is final, and no others; a stopped watch goes on', async () => {
    const [first, second, other] = [await submit(), await submit(), await submit()]
    await prove(first)
    await prove(other)
    const seen: [string, string][] = []
    let cursor: Cursor | undefined
    for await (const update of client.watchWorkloads({ workloads: [first, second] })) {
      if (update.kind !== 'events') continue
      ;({ cursor } = update)
      for (const { name, args } of update.events) seen.push([args.workload, name])
      if (seen.some(([workload, name]) => workload === first && name === 'Finished')) break
    }
    await prove(second)
    for await (const update of client.watchWorkloads({ workloads: [second], cursor: cursor! }))
      if (update.kind === 'events') for (const { name, args } of update.events) seen.push([args.workload, name])
    const of = (workload: string): string[] => seen.filter(([one]) => one === workload).map(([, name]) => name)
    for (const workload of [first, second]) {
      expect(of(workload)[0]).to.equal('Submitted')
      expect(of(workload).at(-1)).to.equal('Finished')
      expect(of(workload).filter((name) => name === 'Submitted')).to.have.length(1)
    }
    expect(seen).to.have.length(of(first).length + of(second).length)
  })

  it('one whose end a reorg takes back is followed on, until it has ended again', async () => {
    const [first, second] = [await submit(), await submit()]
    await prove(first)
    const ends: string[] = []
    let reorgs = 0
    for await (const update of client.watchWorkloads({ workloads: [first, second] })) {
      if (update.kind === 'reorg') {
        reorgs++
        // The second ends while the first is open again: that is not the end of both.
        await prove(second)
        continue
      }
      const ended = update.events.filter(({ name }) => name === 'Finished')
      for (const { args, at } of ended) {
        ends.push(args.workload)
        if (ends.length === 1) {
          const depth = (await network.chain.provider.getBlockNumber()) - at.block + 1
          await network.chain.provider.send('anvil_reorg', [depth, []])
          await network.chain.mine(2)
        } else if (args.workload === second) {
          await submitProof(first)
        }
      }
    }
    expect(reorgs).to.equal(1)
    expect(ends).to.deep.equal([first, second, first])
  })

  it('those that ended before the cursor are not waited for, with and without those that have not', async () => {
    const [first, second] = [await submit(), await submit()]
    await prove(first)
    let cursor: Cursor | undefined
    for await (const update of client.watchWorkloads({ workloads: [first] })) ({ cursor } = update)
    const resume = (workloads: Hex[]) => client.watchWorkloads({ workloads, cursor: cursor! })
    for await (const update of resume([first])) expect.fail(`something came: ${update.kind}`)
    // Blocks have passed since.
    await network.chain.mine(3)
    for await (const update of resume([first])) expect.fail(`something came: ${update.kind}`)
    await prove(second)
    const names: string[] = []
    for await (const update of resume([first, second]))
      if (update.kind === 'events') names.push(...update.events.map(({ name }) => name))
    expect(names.at(0)).to.equal('Assigned')
    expect(names.filter((name) => name === 'Finished')).to.have.length(1)
  })

  it('one that ended before the cursor is followed on when a reorg takes that back', async () => {
    const { provider } = network.chain
    const workload = await submit()
    await network.chain.mine(4)
    await client.assign({ workload })
    const open: unknown = await provider.send('evm_snapshot', [])
    await submitProof(workload)
    let cursor: Cursor | undefined
    for await (const update of client.watchWorkload({ workload })) ({ cursor } = update)
    await provider.send('evm_revert', [open])
    await network.chain.mine(3)
    const resumed = client.watchWorkload({ workload, cursor: cursor! })
    expect((await resumed.next()).value).to.include({ kind: 'reorg' })
    await submitProof(workload)
    const names: string[] = []
    for await (const update of resumed)
      if (update.kind === 'events') names.push(...update.events.map(({ name }) => name))
    expect(names.at(-1)).to.equal('Finished')
  })

  it('what nobody submitted is named, once the others were told of', async () => {
    const [workload, unknown] = [await submit(), [1, 2].map((digit): Hex => `0x${`${digit}`.repeat(64)}`)]
    const impatient = { ...client, settings: { ...client.settings, transactionTimeoutMs: 1 } }
    const watch = watchWorkloads(impatient, { workloads: [workload, ...unknown] })
    expect((await watch.next()).value).to.include({ kind: 'events' })
    const error = await rejected(watch.next(), 'CLIENT_WORKLOAD_UNKNOWN')
    expect(error.message).to.include(`no workload ${unknown[0]} and 1 more`)
    expect(error.details).to.deep.equal({ workload: unknown[0], unknown })
  })

  it('none is nothing to wait for, and what is no id is refused', async () => {
    for await (const update of client.watchWorkloads({ workloads: [] })) expect.fail(`something came: ${update.kind}`)
    const watch = client.watchWorkloads({ workloads: ['0x12'] })
    await rejected(watch.next(), 'CHAIN_HEX_INVALID')
  })
})
