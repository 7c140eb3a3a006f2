import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { root as repository } from '../../scripts/lib/artifacts.js'
import { proveTree } from '../../sdk/examples/proveTree.js'
import { readEvents, type Hex, type WorkloadId } from '../../sdk/src/chain/index.js'
import {
  fileState,
  pipeline,
  type Pipeline,
  type GevulotClient,
  type PipelineProgress,
  type PipelineState,
} from '../../sdk/src/client/index.js'
import { DirectoryStore, fetchInputs, MemoryStore } from '../../sdk/src/content/index.js'
import { aProgram, PROOF, prover, PUBLIC_INPUTS, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const STATEMENTS = { left: PUBLIC_INPUTS, right: PUBLIC_INPUTS, root: PUBLIC_INPUTS }

/** What a test has happen to a workload; by default it is proven. */
type Fate = 'prove' | 'fail' | 'nothing'

// Real contracts. The provers look for new workloads and do to each what the test says.
describe('client: pipelines', function () {
  this.timeout(180_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let program: Hex
  let fate: (nth: number) => Fate
  let provers: { readonly stop: AbortController; readonly ended: Promise<void> }

  beforeEach(async () => {
    network = await startNetwork()
    client = await connected()
    await client.deposit({ amount: 10_000n * TOKEN })
    program = await aProgram(network, client)
    fate = () => 'prove'
    const stop = new AbortController()
    provers = { stop, ended: work(stop.signal) }
  })
  afterEach(async () => {
    provers.stop.abort()
    await provers.ended
    await network.chain.stop()
  })

  const connected = () => network.client({ store: new DirectoryStore(join(directory(), 'content')) })

  /** Submitted so far, in order. */
  async function submitted(): Promise<WorkloadId[]> {
    const found: WorkloadId[] = []
    for await (const event of readEvents(client.contracts, { names: ['Submitted'] }))
      if (event.name === 'Submitted') found.push(event.args.workload)
    return found
  }

  async function work(signal: AbortSignal): Promise<void> {
    for (let done = 0; !signal.aborted; await sleep(20)) {
      for (const workload of (await submitted()).slice(done)) {
        const what = fate(done++)
        if (what === 'nothing') continue
        await network.chain.mine(4)
        await client.assign({ workload })
        const { spec, slots } = await client.getWorkload({ workload })
        const seat = slots[0]!.seat
        if (what === 'prove') await prover.submitProof(network, spec, seat)
        else {
          await prover.fail(network, spec, seat, 'ProgramFailed')
          await network.chain.pass(120)
        }
      }
    }
  }

  const leaf = (number: number) => ({
    ...{ program, maxRunTime: 60 },
    inputs: { files: { public_inputs: PUBLIC_INPUTS, leaf: Uint8Array.of(number) } },
  })
  /** Two leaves and a root; `asked` counts how often the root's inputs were made. */
  const tree = (asked = { times: 0 }) =>
    pipeline()
      .stage('left', leaf(1))
      .stage('right', leaf(2))
      .stage('root', {
        ...{ program, maxRunTime: 60, after: ['left', 'right'] },
        inputs: ({ left, right }) => {
          asked.times++
          return { files: { public_inputs: PUBLIC_INPUTS, left: left.proof, right: right.proof, when: Buffer.from(String(Math.random())) } } // prettier-ignore
        },
      })
  const inMemory = (kept?: string): PipelineState & { readonly text: () => string | undefined } => {
    let text = kept
    return { load: async () => text, save: async (next) => void (text = next), text: () => text }
  }

  it('a stage gets the proofs of those before it, and what each result is is known by its type', async () => {
    const told: string[] = []
    const before = await client.getBalance()
    const proofs = await tree().run(client, { onProgress: ({ stage, status }) => told.push(`${stage} ${status}`) })
    const root: Uint8Array = proofs.root.proof
    expect(Buffer.from(root).equals(PROOF)).to.equal(true)
    // @ts-expect-error there is no such stage
    expect(proofs.other).to.equal(undefined)
    const { spec } = await client.getWorkload({ workload: proofs.root.workload })
    const store = new DirectoryStore(join(directory(), 'content'))
    const inputs = await fetchInputs(spec.inputs, store, join(directory(), 'fetched'))
    for (const name of ['left', 'right']) {
      const { path } = inputs.files.find((file) => file.name === name)!
      expect(readFileSync(path).equals(PROOF), name).to.equal(true)
    }
    expect(told.slice(-3)).to.deep.equal(['root publishing', 'root submitted', 'root proven'])
    expect(told.indexOf('root publishing')).to.be.greaterThan(told.indexOf('left proven'))
    expect((await client.getBalance()).nonce).to.equal(before.nonce + 3)
  })

  it('many at once take a nonce each', async () => {
    let graph: Pipeline<string> = pipeline()
    for (let number = 0; number < 12; number++) graph = graph.stage(`leaf${number}`, leaf(number))
    const { nonce } = await client.getBalance()
    const proofs = await graph.run(client, { parallel: 12 })
    expect(new Set(Object.values(proofs).map(({ workload }) => workload)).size).to.equal(12)
    expect((await client.getBalance()).nonce).to.equal(nonce + 12)
  })

  it('stopped or killed at any moment it goes on, and pays for nothing twice', async () => {
    const asked = { times: 0 }
    const state = inMemory()
    const { nonce } = await client.getBalance()
    // A crash behind each write of the state, and one behind each submission: as if the machine had gone.
    let writes = 0
    const crashing = (at: number): PipelineState => ({
      load: () => state.load(),
      async save(text) {
        await state.save(text)
        if (++writes === at) throw new Error('the machine is gone')
      },
    })
    for (let at = 1; at <= 6; at++) {
      writes = 0
      await tree(asked)
        .run(await connected(), { state: crashing(at) })
        .catch((error: unknown) => expect(String(error)).to.match(/the machine is gone|CLIENT_PIPELINE_FAILED|failed/))
      const stop = new AbortController()
      const reason = new Error('killed')
      const onProgress = ({ status }: PipelineProgress): void => void (status === 'submitted' && stop.abort(reason))
      const stopped = tree(asked).run(await connected(), { state, signal: stop.signal, onProgress })
      expect(await stopped.catch((error: unknown) => error)).to.equal(reason)
    }
    const proofs = await tree(asked).run(await connected(), { state })
    expect((await client.getBalance()).nonce).to.equal(nonce + 3)
    expect(await submitted()).to.include.members(Object.values(proofs).map(({ workload }) => workload))
    // Once more: everything is there, and nothing is asked again.
    const times = asked.times
    expect((await tree(asked).run(await connected(), { state })).root.workload).to.equal(proofs.root.workload)
    expect(asked.times).to.equal(times)
  })

  it('a stage that fails leaves those that are paid to their end, and begins no other', async () => {
    fate = (nth) => (nth === 1 ? 'fail' : 'prove')
    const state = inMemory()
    const told: string[] = []
    const { nonce } = await client.getBalance()
    const run = (graph: ReturnType<typeof tree>) =>
      graph.run(client, { state, parallel: 2, onProgress: ({ stage, status }) => told.push(`${stage} ${status}`) })
    const error = await rejected(run(tree()), 'CLIENT_PIPELINE_FAILED')
    const { stage, proven, notBegun } = error.details as { stage: string; proven: string[]; notBegun: string[] }
    expect([[stage], proven, notBegun].flat().sort()).to.deep.equal(['left', 'right', 'root'])
    expect(notBegun).to.deep.equal(['root'])
    expect(error.cause).to.have.property('code', 'CLIENT_WORKLOAD_EXPIRED')
    expect(told).to.include(`${stage} failed`)
    expect((await client.getBalance()).nonce).to.equal(nonce + 2)
    // What fails by itself fails again, and nobody pays for that either.
    await rejected(run(tree()), 'CLIENT_PIPELINE_FAILED')
    expect((await client.getBalance()).nonce).to.equal(nonce + 2)
  })

  it('a listener that throws ends it, once what is paid has ended: until then nobody else has its state', async () => {
    fate = (nth) => (nth === 0 ? 'prove' : 'nothing')
    const broken = new Error('the listener broke')
    const seen = { thrown: false, released: false }
    const lock = async () => ({ release: async () => void (seen.released = true) })
    const { nonce } = await client.getBalance()
    const run = tree().run(client, {
      ...{ state: { ...inMemory(), lock }, parallel: 2 },
      onProgress: ({ status }) => {
        if (status !== 'proven') return
        seen.thrown = true
        throw broken
      },
    })
    const ended = run.catch((error: unknown) => error)
    while (!seen.thrown || (await submitted()).length < 2) await sleep(20)
    await sleep(200)
    expect(seen.released).to.equal(false)
    const workload = (await submitted())[1]!
    await network.chain.mine(4)
    await client.assign({ workload })
    const { spec, slots } = await client.getWorkload({ workload })
    await prover.submitProof(network, spec, slots[0]!.seat)
    expect(await ended).to.equal(broken)
    expect(seen.released).to.equal(true)
    expect((await client.getBalance()).nonce).to.equal(nonce + 2)
  })

  it('with more allowed the same state brings it to its end', async () => {
    fate = (nth) => (nth === 0 ? 'nothing' : 'prove')
    const state = inMemory()
    const once = pipeline().stage('only', leaf(1))
    const { nonce } = await client.getBalance()
    const failing = rejected(once.run(client, { state }), 'CLIENT_PIPELINE_FAILED')
    while ((await submitted()).length === 0) await sleep(20)
    // Nobody takes it up: it ends unserved.
    await network.chain.mine(4)
    await client.assign({ workload: (await submitted())[0]! })
    await network.chain.pass(600)
    expect((await failing).cause).to.have.property('code', 'CLIENT_ESCALATION_ENDED')
    const more = pipeline().stage('only', { ...leaf(1), escalation: { budget: 100n * TOKEN } })
    const { only } = await more.run(client, { state })
    expect(only.workload).to.equal((await submitted())[1])
    expect((await client.getBalance()).nonce).to.equal(nonce + 2)
  })

  it('a state of another pipeline, account or version is refused before anything is paid', async () => {
    const state = inMemory()
    await pipeline().stage('only', leaf(1)).run(client, { state })
    const { nonce } = await client.getBalance()
    const other = await aProgram(network, client)
    await rejected(pipeline().stage('other', leaf(1)).run(client, { state }), 'CLIENT_PIPELINE_CHANGED')
    await rejected(pipeline().stage('only', { ...leaf(1), program: other }).run(client, { state }), 'CLIENT_PIPELINE_CHANGED') // prettier-ignore
    const text = state.text()!
    const damaged = [
      '',
      '{}',
      text.slice(1),
      text.replace('@1', '@2'),
      text.replace(/"nonce": \d+/, '"nonce": -1'),
      text.replace(/"fee": "\d+"/, '"fee": "1e3"'),
    ]
    for (const kept of damaged) {
      const error = await rejected(pipeline().stage('only', leaf(1)).run(client, { state: inMemory(kept) }), 'CLIENT_PIPELINE_STATE_INVALID') // prettier-ignore
      expect(error.message).not.to.equal('')
    }
    const stranger = inMemory(text.replace(/"account": "0x\w{40}"/, `"account": "${network.owner.address}"`))
    await rejected(pipeline().stage('only', leaf(1)).run(client, { state: stranger }), 'CLIENT_PIPELINE_CHANGED')
    expect((await client.getBalance()).nonce).to.equal(nonce)
  })

  it('stages that cannot be are refused when they are named', async () => {
    const one = pipeline().stage('one', leaf(1))
    expect(() => one.stage('one', leaf(2)))
      .to.throw()
      .with.property('code', 'CLIENT_PIPELINE_INVALID')
    for (const name of ['', '../x', 'a b', '__proto__', 'x'.repeat(65)]) {
      expect(() => one.stage(name, leaf(2)), name)
        .to.throw()
        .with.property('code', 'CLIENT_PIPELINE_INVALID')
    }
    // @ts-expect-error it does not stand before it
    expect(() => one.stage('two', { ...leaf(2), after: ['three'] }))
      .to.throw()
      .with.property('code', 'CLIENT_PIPELINE_INVALID')
    await rejected(one.run(client, { parallel: 0 }), 'CLIENT_PARAMETER_INVALID')
    const reader = await network.client({ store: new MemoryStore(), signer: undefined as never, provider: client.contracts.provider }) // prettier-ignore
    await rejected(one.run(reader), 'CLIENT_OPTION_MISSING')
  })

  it('the README shows the example as it is', () => {
    const example = readFileSync(join(repository, 'sdk/examples/proveTree.ts'), 'utf8')
    const graph = /const terms[\s\S]*?\n {2}return graph\.run/.exec(example)?.[0].replace(/\n {2}return graph\.run$/, '').replaceAll('\n  ', '\n') // prettier-ignore
    expect(readFileSync(join(repository, 'sdk/README.md'), 'utf8')).to.include(graph)
  })

  it('the example, as a process that is killed and begun again', async () => {
    fate = () => 'nothing'
    const state = join(directory(), 'tree.json')
    const { nonce } = await client.getBalance()
    const begun = spawn(process.execPath, ['--import', 'tsx', join(repository, 'test/support/proveTreeProcess.ts')], {
      cwd: repository,
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    const store = join(directory(), 'content')
    begun.stdin.end(JSON.stringify({ deployment: network.deployment, rpc: network.chain.url, key: network.requester.privateKey, program, state, store })) // prettier-ignore
    const exit = once(begun, 'exit')
    while ((await submitted()).length < 2 && begun.exitCode === null) await sleep(20)
    // Both would pay for the root: a second run with this file is refused while the first one lives.
    await rejected(proveTree(client, program, STATEMENTS, state), 'CLIENT_PIPELINE_RUNNING')
    begun.kill('SIGKILL')
    await exit
    // From now on the provers work; those two came before.
    for (const workload of await submitted()) {
      await network.chain.mine(4)
      await client.assign({ workload })
      const { spec, slots } = await client.getWorkload({ workload })
      await prover.submitProof(network, spec, slots[0]!.seat)
    }
    fate = () => 'prove'
    const proofs = await proveTree(client, program, STATEMENTS, state)
    expect(Buffer.from(proofs.root.proof).equals(PROOF)).to.equal(true)
    // The two statements are the same, so they are one workload, or two: each was paid for once.
    expect((await client.getBalance()).nonce).to.equal(nonce + (await submitted()).length)
    expect(await submitted()).to.have.length(3)
    // A file that somebody cut off is said to be one.
    writeFileSync(state, readFileSync(state, 'utf8').slice(0, 40))
    await rejected(pipeline().stage('left', leaf(1)).run(client, { state: fileState(state) }), 'CLIENT_PIPELINE_STATE_INVALID') // prettier-ignore
  })
})
