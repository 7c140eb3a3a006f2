import { expect } from 'chai'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { proveWithin } from '../../sdk/src/client/proveWithin.js'
import { releaseWhenServed } from '../../sdk/src/client/releaseWhenServed.js'
import { waitForProofs } from '../../sdk/src/client/waitForProofs.js'
import type { WorkloadUpdate } from '../../sdk/src/client/watchWorkload.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { aProgram, prover, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

const UNKNOWN: Hex = `0x${'42'.repeat(32)}`

/** A clock of which a test knows when somebody has slept by it, and that it can let run away. */
class TestClock implements Clock {
  naps = 0
  runsAway = false
  #ahead = 0

  now(): number {
    return systemClock.now() + this.#ahead
  }

  elapsed(): number {
    return systemClock.elapsed() + this.#ahead
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.naps++
    if (this.runsAway) this.#ahead += 20_000
    await systemClock.sleep(this.runsAway ? 1 : milliseconds, signal)
  }

  async slept(times: number): Promise<void> {
    const wanted = this.naps + times
    for (let looks = 0; looks < 4_000 && this.naps < wanted; looks++) await systemClock.sleep(5)
    if (this.naps < wanted) throw new Error('nobody slept')
  }
}

// One URL often stands for several nodes, and the one that answers now may be a block behind the one that took the transaction.
describe('client: nodes that lag behind', function () {
  this.timeout(120_000)
  let network: Network
  let clock: TestClock
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    const own = await network.client()
    await own.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, own)
  })
  beforeEach(async () => {
    clock = new TestClock()
    client = await network.client({ clock })
  })
  after(() => network.chain.stop())

  const request = () => ({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })

  /** A workload that the chain does not know yet, and what submits it. */
  async function coming(): Promise<{ readonly workload: WorkloadId; readonly come: () => Promise<void> }> {
    const { provider } = network.chain
    const again = { ...request(), nonce: (await client.getBalance()).nonce }
    const before: unknown = await provider.send('evm_snapshot', [])
    const { workload } = await client.submit(again)
    await provider.send('evm_revert', [before])
    return {
      workload,
      come: async () => {
        expect(await client.submit(again)).to.include({ workload, created: true })
      },
    }
  }

  async function prove(workload: WorkloadId): Promise<void> {
    await network.chain.mine(4)
    await client.assign({ workload })
    const { spec, slots } = await client.getWorkload({ workload })
    await prover.submitProof(network, spec, slots[0]!.seat)
  }

  /** The client behind nodes of which the first to answer stay behind the block `behind`. */
  function lagging(state: { behind: number | undefined; looks: number }): GevulotClient {
    const provider = new Proxy(client.contracts.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        const isBehind = (): boolean => state.behind !== undefined && state.looks-- > 0
        if (name === 'getBlock')
          return (which: Parameters<typeof target.getBlock>[0], prefetch?: boolean) =>
            target.getBlock(which === 'latest' && isBehind() ? state.behind! - 1 : which, prefetch)
        if (name === 'getBlockNumber')
          return () => (isBehind() ? Promise.resolve(state.behind! - 1) : target.getBlockNumber())
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    return { ...client, contracts: { ...client.contracts, provider } }
  }

  it('a wait for a proof begins before the node knows the workload', async () => {
    const { workload, come } = await coming()
    const waiting = client.waitForProof({ workload })
    waiting.catch(() => undefined)
    await clock.slept(2)
    await come()
    await prove(workload)
    expect((await waiting).from).to.equal('transaction')
  })

  it('a watch begins before the node knows the workload', async () => {
    const { workload, come } = await coming()
    const first = client.watchWorkload({ workload }).next() as Promise<{ readonly value: WorkloadUpdate }>
    first.catch(() => undefined)
    await clock.slept(2)
    await come()
    const { value } = await first
    expect(value.kind === 'events' && value.events.map(({ name }) => name)).to.deep.equal(['Submitted'])
  })

  it('what nobody submitted is waited for as long as for a transaction, and no longer', async () => {
    clock.runsAway = true
    const began = clock.elapsed()
    const watching = client.watchWorkload({ workload: UNKNOWN })
    for (const waiting of [() => client.waitForProof({ workload: UNKNOWN }), () => watching.next()]) {
      const from = clock.elapsed()
      await rejected(waiting(), 'CLIENT_WORKLOAD_UNKNOWN')
      expect(clock.elapsed() - from).to.be.within(180_000, 240_000)
    }
    await rejected(client.waitForProof({ workload: UNKNOWN, timeoutMs: 30_000 }), 'CLIENT_WORKLOAD_UNKNOWN')
    expect(clock.elapsed() - began).to.be.lessThan(600_000)
  })

  it('what a reorg took away for good is not waited for for ever', async () => {
    const { provider } = network.chain
    for (const wait of [
      (workload: WorkloadId) => client.waitForProof({ workload }),
      async (workload: WorkloadId) => {
        for await (const _ of client.watchWorkload({ workload }));
      },
    ]) {
      clock.runsAway = false
      const before: unknown = await provider.send('evm_snapshot', [])
      const { workload } = await client.submit(request())
      const waiting = wait(workload)
      waiting.catch(() => undefined)
      await clock.slept(2)
      await provider.send('evm_revert', [before])
      await network.chain.mine(2)
      clock.runsAway = true
      await rejected(waiting, 'CLIENT_WORKLOAD_UNKNOWN')
    }
  })

  it('proveWithin waits for the proof of what it has paid', async () => {
    const state: { behind: number | undefined; looks: number } = { behind: undefined, looks: 3 }
    const given = proveWithin(lagging(state), {
      ...request(),
      escalation: { budget: 100n * TOKEN },
      onWorkload: async (workload) => {
        state.behind = (await client.getWorkload({ workload })).submittedBlock
        await prove(workload)
      },
    })
    expect((await given).attempts).to.have.length(1)
    expect(state.looks).to.be.lessThan(0)
  })

  it('proveWithin finds an earlier attempt that the node does not know yet', async () => {
    const { nonce } = await client.getBalance()
    const { inputs, ...terms } = request()
    const { workload } = await client.submit({ inputs, ...terms, nonce })
    const state = { behind: (await client.getWorkload({ workload })).submittedBlock, looks: 3 }
    await prove(workload)
    const earlier = [{ nonce, fee: terms.fee, maxRunTime: terms.maxRunTime, redundancy: 1 }]
    const found = await proveWithin(lagging(state), { ...terms, inputs, earlier, escalation: { budget: 100n * TOKEN } })
    expect(found.workload).to.equal(workload)
    expect(state.looks).to.be.lessThan(0)
  })

  it('releaseWhenServed begins before the node knows the workload', async () => {
    const { workload } = await client.submit(request())
    const state = { behind: (await client.getWorkload({ workload })).submittedBlock, looks: 3 }
    await prove(workload)
    expect(await releaseWhenServed(lagging(state), { workload })).to.have.length(1)
    expect(state.looks).to.be.lessThan(0)
  })

  it('several proofs are waited for alike', async () => {
    const { workload } = await client.submit(request())
    const state = { behind: (await client.getWorkload({ workload })).submittedBlock, looks: 3 }
    await prove(workload)
    expect(await waitForProofs(lagging(state), { workload, early: false })).to.have.length(1)
    expect(state.looks).to.be.lessThan(0)
  })
})
