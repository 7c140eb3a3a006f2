import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as soon } from 'node:timers/promises'

import { expect } from 'chai'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { digestOf, DirectoryStore, KuboStore, type ContentStore } from '../../sdk/src/content/index.js'
import { ProofPlacer } from '../../sdk/src/worker/coordinate/ProofPlacer.js'
import { jsonLogger, type LogFields } from '../../sdk/src/worker/log/Logger.js'
import { HandClock } from '../support/HandClock.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'
import { MoodyStore } from '../support/stores/MoodyStore.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const PROOF = Buffer.alloc(4_096, 7)
const DIGEST = digestOf(PROOF)
const WORKLOAD = `0x${'ab'.repeat(32)}` as WorkloadId
const TOLD = 'https://proofs.example.org/'
const SAID = 'ipfs://bafyone'

describe('worker: a proof for a committee', () => {
  const directory = useTemporaryDirectory()
  let proof: { readonly path: string; readonly digest: typeof DIGEST }
  let clock: HandClock
  let lines: (LogFields & { readonly level: string; readonly message: string })[]
  let stores = 0

  beforeEach(async () => {
    proof = { path: join(directory(), 'proof'), digest: DIGEST }
    await writeFile(proof.path, PROOF)
    clock = new HandClock()
    lines = []
  })

  function placerFor(stores: readonly ContentStore[], uri = ''): ProofPlacer {
    const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number])
    return new ProofPlacer({ stores, uri, clock, log: jsonLogger({ level: 'debug', write, now: Date.now }) })
  }
  function moody(mood: MoodyStore['mood'], uri?: string): MoodyStore {
    return Object.assign(new MoodyStore(join(directory(), `store-${stores++}`)), { mood, uri })
  }
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await soon()
  }
  const errors = (): unknown[] => lines.filter(({ level }) => level === 'error').map(({ store }) => store)

  it('goes into every store, and one says where others read it', async () => {
    const node = await IpfsNode.start()
    try {
      const own = moody('takes')
      const placer = placerFor([own, new KuboStore(node.url)])
      expect(placer.uriOf(WORKLOAD, true), 'before it has begun').to.equal(undefined)
      placer.begin(WORKLOAD, proof)
      expect(placer.isWaiting(WORKLOAD, false)).to.equal(true)
      await until(() => placer.missing(WORKLOAD).length === 0)
      expect(placer.uriOf(WORKLOAD, false)).to.match(/^ipfs:\/\/b[a-z2-7]{58}$/)
      expect(placer.isWaiting(WORKLOAD, false)).to.equal(false)
      expect(await own.has(DIGEST)).to.equal(true)
      expect(errors()).to.be.empty
      placer.begin(WORKLOAD, proof)
      expect(own.asked, 'once for each workload').to.equal(1)
    } finally {
      node.stop()
    }
  })

  it('a store that hangs holds up no other one, and the reveal only where its word is missing', async () => {
    const [hung, own, ipfs] = [moody('hangs'), moody('takes'), moody('takes', SAID)]
    const some = placerFor([hung, own])
    some.begin(WORKLOAD, proof)
    await until(() => some.missing(WORKLOAD).length === 1)
    expect(some.missing(WORKLOAD)).to.deep.equal([hung.name])
    // It may be the one that says a URI, until there is no time for it.
    expect(some.uriOf(WORKLOAD, false)).to.equal(undefined)
    expect(some.uriOf(WORKLOAD, true)).to.equal('')

    const saying = placerFor([hung, ipfs])
    saying.begin(WORKLOAD, proof)
    await until(() => saying.missing(WORKLOAD).length === 1)
    expect(saying.uriOf(WORKLOAD, false)).to.equal(SAID)

    // Which of the stores is behind a URI that the operator has named is not known here.
    const told = placerFor([hung, own], TOLD)
    told.begin(WORKLOAD, proof)
    await until(() => told.missing(WORKLOAD).length === 1)
    expect(told.uriOf(WORKLOAD, false)).to.equal(undefined)
    expect(told.uriOf(WORKLOAD, true)).to.equal(TOLD)
  })

  it('a URI of the operator is good once every store was tried and one has it', async () => {
    const [broken, own] = [moody('fails'), moody('takes')]
    const placer = placerFor([broken, own], TOLD)
    placer.begin(WORKLOAD, proof)
    await until(() => placer.missing(WORKLOAD).length === 1 && errors().length === 1)
    expect(placer.uriOf(WORKLOAD, false)).to.equal(TOLD)
    const none = placerFor([broken], TOLD)
    none.begin(WORKLOAD, proof)
    await until(() => errors().length === 2)
    expect(none.uriOf(WORKLOAD, false)).to.equal(undefined)
    expect(none.uriOf(WORKLOAD, true)).to.equal(TOLD)
  })

  // Validators look where the chain says: a place that nobody learns of is as bad as none, and the prover is not paid.
  it('a store that fails, or cannot say where it is, is told of once, and tried until it can', async () => {
    await writeFile(join(directory(), 'file'), '')
    const full = new DirectoryStore(join(directory(), 'file'))
    const broken = moody('fails')
    let asked = 0
    const silent: ContentStore = Object.assign(new DirectoryStore(join(directory(), 'silent')), {
      uriOf: () => (asked++ < 2 ? Promise.reject(new Error('the node is gone')) : Promise.resolve(SAID)),
    })
    const placer = placerFor([full, silent, broken])
    placer.begin(WORKLOAD, proof)
    await until(() => clock.sleeping === 3)
    expect(errors()).to.have.members([full.name, silent.name, broken.name])
    expect(await silent.has(DIGEST)).to.equal(true)
    expect(placer.uriOf(WORKLOAD, false)).to.equal(undefined)
    // The first pause, and the next, which is longer.
    clock.pass(2_000)
    await until(() => clock.sleeping === 3)
    broken.mood = 'takes'
    clock.pass(4_000)
    await until(() => placer.missing(WORKLOAD).length === 1)
    expect(placer.uriOf(WORKLOAD, false)).to.equal(SAID)
    expect(broken.asked).to.equal(3)
    expect(errors(), 'once for each store').to.have.length(3)
    const back = lines.filter(({ message }) => message === 'the proof is in the store now').map(({ store }) => store)
    expect(back).to.have.members([silent.name, broken.name])
  })

  it('without a store it is told of, and revealed at once', () => {
    const placer = placerFor([])
    placer.begin(WORKLOAD, proof)
    expect(placer.uriOf(WORKLOAD, false)).to.equal('')
    expect(lines.map(({ message }) => message).join()).to.contain('proofDirectories')
  })

  it('nothing is tried any more once the work, or the worker, has ended', async () => {
    const [hung, broken] = [moody('hangs'), moody('fails')]
    const placer = placerFor([hung, broken])
    placer.begin(WORKLOAD, proof)
    await until(() => clock.sleeping === 1)
    placer.stop(WORKLOAD)
    expect([hung.abandoned, clock.sleeping]).to.deep.equal([1, 0])
    expect(placer.uriOf(WORKLOAD, true)).to.equal(undefined)
    placer.begin(WORKLOAD, proof)
    await until(() => clock.sleeping === 1)
    placer.close()
    placer.begin(WORKLOAD, proof)
    await soon()
    expect([hung.abandoned, clock.sleeping, broken.asked]).to.deep.equal([2, 0, 2])
  })
})
