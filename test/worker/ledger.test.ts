import { expect } from 'chai'

import type { ProgramResources } from '../../sdk/src/content/index.js'
import { ResourceLedger, type Capacity, type Grant, type WaitOptions } from '../../sdk/src/worker/run/ResourceLedger.js'
import { lentGpus } from '../../sdk/src/worker/run/lentGpus.js'
import { fakeGpu, FakeMachine } from '../support/FakeMachine.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const CARDS = [fakeGpu('0000:01:00.0', 7), fakeGpu('0000:02:00.0', 8)]
const MACHINE: Capacity = { runs: 8, cores: 4, memoryMiB: 1000, outputMiB: 100, gpus: CARDS }
const SMALL: ProgramResources = { cores: 1, memoryMiB: 100, outputMiB: 1 }

/** Runs that end when they are told to. */
class Runs {
  readonly #ledger: ResourceLedger
  readonly started: string[] = []
  readonly givenUp: (readonly [string, unknown])[] = []
  readonly grants = new Map<string, Grant>()
  readonly #ends = new Map<string, () => void>()
  readonly #over = new Map<string, Promise<void>>()

  constructor(capacity: Capacity = MACHINE) {
    this.#ledger = new ResourceLedger(capacity)
  }

  get ledger(): ResourceLedger {
    return this.#ledger
  }

  async begin(name: string, resources: ProgramResources, options?: WaitOptions): Promise<void> {
    const task = async (grant: Grant): Promise<void> => {
      this.started.push(name)
      this.grants.set(name, grant)
      await new Promise<void>((end) => this.#ends.set(name, end))
    }
    const over = this.#ledger.run(resources, task, options)
    over.catch((error: unknown) => this.givenUp.push([name, error]))
    this.#over.set(name, over)
    await settle()
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!()
    await this.#over.get(name)
    await settle()
  }
}

/** Lets everything happen that waits for nothing. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('worker: ledger of resources', () => {
  it('refuses what the machine will never have, and says all of it', async () => {
    const { ledger } = new Runs()
    expect(ledger.refusal({ cores: 4, memoryMiB: 1000, outputMiB: 100, gpus: 2 })).to.be.undefined
    expect(ledger.refusal({ cores: 5, memoryMiB: 1001, outputMiB: 101, gpus: 3 })).to.equal(
      'the program wants 5 cores of 4, 1001 MiB of memory of 1000, 101 MiB of output of 100, 3 graphics cards of 2',
    )
    expect(new Runs({ ...MACHINE, gpus: [] }).ledger.refusal({ ...SMALL, gpus: 1 })).to.equal(
      'the program wants 1 graphics cards of 0',
    )
    const error = await ledger.run({ ...SMALL, cores: 5 }, async () => 1).catch((caught: unknown) => caught)
    expect(error).to.be.instanceOf(TypeError)
  })

  for (const [what, resources] of Object.entries({
    cores: { ...SMALL, cores: 2 },
    memory: { ...SMALL, memoryMiB: 500 },
    output: { ...SMALL, outputMiB: 50 },
    cards: { ...SMALL, gpus: 1 },
  })) {
    it(`lets a run wait while ${what} are in use, and starts it when they are free`, async () => {
      const runs = new Runs()
      for (const name of ['first', 'second', 'third']) await runs.begin(name, resources)
      expect(runs.started).to.deep.equal(['first', 'second'])
      expect(runs.ledger.isFull).to.be.true
      expect(runs.ledger.atOnce(resources)).to.equal(2)
      await runs.end('second')
      expect(runs.started).to.deep.equal(['first', 'second', 'third'])
      await runs.end('first')
      await runs.end('third')
      expect(runs.ledger.isFull).to.be.false
    })
  }

  it('keeps to the number of runs', async () => {
    const runs = new Runs({ ...MACHINE, runs: 1 })
    await runs.begin('first', SMALL)
    await runs.begin('second', SMALL)
    expect(runs.started).to.deep.equal(['first'])
    expect(runs.ledger.atOnce(SMALL)).to.equal(1)
  })

  it('starts in the order in which runs came: a large one is not passed for ever', async () => {
    const runs = new Runs()
    await runs.begin('half', { ...SMALL, cores: 2 })
    await runs.begin('whole', { ...SMALL, cores: 4 })
    await runs.begin('small', SMALL)
    expect(runs.started).to.deep.equal(['half'])
    await runs.end('half')
    expect(runs.started).to.deep.equal(['half', 'whole'])
    await runs.end('whole')
    expect(runs.started).to.deep.equal(['half', 'whole', 'small'])
  })

  it('lets one that gave up waiting stand in nobody’s way', async () => {
    const runs = new Runs()
    await runs.begin('half', { ...SMALL, cores: 2 })
    const stop = new AbortController()
    await runs.begin('whole', { ...SMALL, cores: 4 }, { signal: stop.signal })
    await runs.begin('small', SMALL)
    expect(runs.started).to.deep.equal(['half'])
    const why = new Error('the draw was undone')
    stop.abort(why)
    await settle()
    expect(runs.started).to.deep.equal(['half', 'small'])
    expect(runs.givenUp).to.deep.equal([['whole', why]])
    await runs.begin('late', SMALL, { signal: stop.signal })
    expect(runs.givenUp.at(-1)).to.deep.equal(['late', why])
    for (const name of ['half', 'small']) await runs.end(name)
    expect(runs.ledger.hasRoom({ ...SMALL, cores: 4 })).to.be.true
  })

  it('goes on with what has begun, whatever its signal says', async () => {
    const runs = new Runs()
    const stop = new AbortController()
    await runs.begin('one', { ...SMALL, cores: 4 }, { signal: stop.signal })
    await runs.begin('two', SMALL)
    stop.abort()
    expect(runs.started).to.deep.equal(['one'])
    await runs.end('one')
    expect(runs.started).to.deep.equal(['one', 'two'])
    expect(runs.givenUp).to.deep.equal([])
  })

  it('puts what is first before all others, and behind what was so earlier', async () => {
    const runs = new Runs({ ...MACHINE, runs: 1 })
    await runs.begin('at work', SMALL)
    await runs.begin('second', SMALL)
    for (const name of ['first', 'next']) await runs.begin(name, SMALL, { isFirst: true })
    for (const name of ['at work', 'first', 'next', 'second']) await runs.end(name)
    expect(runs.started).to.deep.equal(['at work', 'first', 'next', 'second'])
  })

  it('lends a card to one run at a time, and lends it again', async () => {
    const runs = new Runs()
    await runs.begin('one', { ...SMALL, gpus: 1 })
    await runs.begin('other', { ...SMALL, gpus: 1 })
    expect([...runs.grants.values()].flatMap(({ gpus }) => gpus)).to.have.members(CARDS)
    await runs.begin('none', SMALL)
    expect(runs.grants.get('none')).not.to.have.property('gpus')
    await runs.end('one')
    await runs.begin('again', { ...SMALL, gpus: 1 })
    expect(runs.grants.get('again')?.gpus).to.deep.equal(runs.grants.get('one')?.gpus)
  })

  it('takes back what a run had that failed', async () => {
    const { ledger } = new Runs({ ...MACHINE, runs: 1 })
    const failing = ledger.run({ ...SMALL, gpus: 2 }, async () => Promise.reject(new Error('no')))
    expect(await failing.catch((error: Error) => error.message)).to.equal('no')
    expect(await ledger.run({ ...SMALL, gpus: 2 }, async ({ gpus }) => gpus?.length)).to.equal(2)
  })
})

describe('worker: cards to lend', () => {
  const directory = useTemporaryDirectory()

  it('are those of the configuration, each looked at', async () => {
    const machine = new FakeMachine(directory())
    machine.card('0000:01:00.0', { group: 7 })
    machine.card('0000:02:00.0', { group: 8, driver: 'nvidia' })
    const lend = (gpus: readonly string[], runtime: 'nanos' | 'linux' = 'nanos'): ReturnType<typeof lentGpus> =>
      lentGpus({ gpus, runtime }, machine.root)
    expect(await lend([])).to.deep.equal([])
    expect(await lend(['0000:01:00.0', '0000:01:00.0'])).to.deep.equal([{ address: '0000:01:00.0', group: '7' }])
    expect(await rejected(lend(['0000:02:00.0']), 'WORKER_RUNTIME_UNAVAILABLE')).to.have.property('message').that.matches(/in the hands of nvidia/) // prettier-ignore
    expect(await rejected(lend(['0000:03:00.0']), 'WORKER_RUNTIME_UNAVAILABLE')).to.have.property('message').that.matches(/no such graphics card/) // prettier-ignore
    await rejected(lend(['0000:01:00.0'], 'linux'), 'WORKER_CONFIG_INVALID')
  })
})
