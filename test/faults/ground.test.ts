import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { usePostgres } from '../support/databases.js'
import { expectEnded, expectProved } from '../support/network/expectSound.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { WorkerProcess } from '../support/network/WorkerProcess.js'
import { faultSeed, IS_FULL, Seeded } from '../support/seed.js'

const JUMPING = 'test/support/provers/jumping.ts'
const ELSEWHERE = 'test/support/provers/elsewhere.ts'
const MAX_RUN_TIME = 600
/** Lines after each of which what the worker stands on gives way. */
const PLACES = [
  ['job fetching'],
  ['job running'],
  ['job proved'],
  ['job committed'],
  ['transaction sent', 'commit'],
  ['transaction mined', 'commit'],
  ['transaction sent', 'reveal'],
] as const satisfies readonly (readonly string[])[]

describe('faults: what the worker stands on gives way', function () {
  this.timeout(600_000)
  const random = new Seeded(faultSeed())
  let network: TestNetwork
  let program: ProgramId
  let slow: ProgramId
  let alice: Operator

  showWorkers(() => network.workers)
  before(function () {
    if (!IS_FULL) {
      console.log('      SKIP these take minutes: npm run test:faults')
      this.skip()
    }
    console.log(`      seed ${random.seed}`)
  })
  beforeEach(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash', ['8'])
    slow = await network.deployGuest('hashcash', ['60'])
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  afterEach(async function () {
    await network.stop()
    if (this.currentTest?.state === 'failed')
      console.log(`      To repeat: npm run test:faults -- --seed ${random.seed} ground`)
  })

  /** Starting takes long on a machine that has much else to do. */
  const started = (worker: WorkerProcess): Promise<unknown> =>
    worker.line(({ message }) => message === 'worker started', 180)

  const isAt =
    ([message, stage]: readonly string[]) =>
    (line: { readonly message: string; readonly stage?: string }): boolean =>
      line.message === message && (stage === undefined || line.stage === stage)

  async function submitted(of: ProgramId = program): Promise<WorkloadId> {
    return network.submit(of, { redundancy: 2, maxRunTime: MAX_RUN_TIME })
  }

  /** Waits until each seat has shown its proof or declined. */
  async function answered(workload: WorkloadId): Promise<void> {
    for (const end = Date.now() + 300_000; Date.now() < end; await sleep(500)) {
      const acts = (await network.eventsOf(workload)).filter(({ name }) => name === 'Revealed' || name === 'Declined')
      if (alice.seats.every((seat) => acts.some(({ args }) => 'seat' in args && args.seat === seat))) return
    }
    throw new Error(`a seat has not answered:\n${network.workers.map((worker) => worker.tail()).join('\n')}`)
  }

  /** The requester closes commits once it holds what it paid for. */
  function release(workload: WorkloadId): Promise<unknown> {
    return network.requester.releaseWhenServed({ workload }).catch(() => undefined)
  }

  describe('the database server', () => {
    const server = usePostgres()
    const place = random.pick(PLACES)

    it(`is restarted after "${place.join(' ')}"`, async () => {
      const changes = { databaseUrl: server().url }
      const worker = await network.startWorker(alice, changes)
      await started(worker)
      const workload = await submitted()
      await worker.line(isAt(place), 180)
      await server().halt()
      expect(await worker.exited(), worker.tail()).to.equal(75)
      await server().resume()
      const again = await network.startWorker(alice, changes)
      await release(workload)
      await expectProved(network, alice, workload)
      expect(await again.stop()).to.equal(0)
    })
  })

  const jumps = [-86_400, -3_600, 3_600, 86_400]
  for (const jump of jumps) {
    const jumpsAt = random.pick(PLACES)
    it(`the machine's clock jumps by ${jump} s after "${jumpsAt.join(' ')}"`, async () => {
      const worker = WorkerProcess.start(await network.configure(alice), JUMPING, [String(jump), ...jumpsAt])
      network.workers.push(worker)
      await started(worker)
      const workload = await submitted()
      await release(workload)
      await expectProved(network, alice, workload)
      expect(await worker.stop(), worker.tail()).to.equal(0)
    })
  }

  const chainJump = random.integer(60, 500)
  it(`the chain's clock jumps by ${chainJump} s while the program runs`, async () => {
    const worker = await network.startWorker(alice)
    await started(worker)
    const workload = await submitted(slow)
    await worker.line(({ message }) => message === 'job running', 180)
    await network.chain.provider.send('evm_increaseTime', [chainJump])
    await release(workload)
    await expectEnded(network, alice, workload)
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })

  it('two machines work with one key', async () => {
    const directories = ['one', 'other'].map((name) => join(alice.directory, name))
    const workers: WorkerProcess[] = []
    for (const dataDirectory of directories) {
      workers.push(await network.startWorker(alice, { dataDirectory }, ELSEWHERE))
      await started(workers.at(-1)!)
    }
    for (let round = 0; round < 2; round++) {
      const workload = await submitted()
      await release(workload)
      await expectEnded(network, alice, workload, { apart: true })
    }
    for (const worker of workers) expect(await worker.stop(), worker.tail()).to.equal(0)
  })

  it('its virtual machine is killed', async function () {
    const worker = await network.startWorker(alice, { runtime: 'linux', cores: 2, memoryMiB: 2048 })
    const first = await worker.line(
      ({ message }) => /^(runtime checked|worker ended with an error)$/.test(message),
      120,
    )
    if (first.message !== 'runtime checked') {
      const { code, details } = first['error'] as { code: string; details: object }
      expect(code, worker.tail()).to.be.oneOf(['WORKER_RUNTIME_UNAVAILABLE', 'WORKER_RUNTIME_LATE'])
      console.log(`      SKIP no virtual machines here: ${JSON.stringify(details)}`)
      this.skip()
    }
    await started(worker)
    const workload = await submitted()
    await worker.line(({ message }) => message === 'job running', 180)
    for (let machine = machineOf(worker.pid); ; machine = machineOf(worker.pid)) {
      if (machine !== undefined) {
        process.kill(machine, 'SIGKILL')
        break
      }
      await sleep(20)
    }
    await worker.line(({ message }) => message.startsWith('the runtime failed'))
    await release(workload)
    await expectProved(network, alice, workload)
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })

  describe('its disk is full', () => {
    let disk: Awaited<ReturnType<typeof smallDisk>>
    let filler: string

    beforeEach(async function () {
      const data = join(alice.directory, 'data')
      await mkdir(data, { recursive: true })
      disk = await smallDisk(data)
      if (disk === undefined) {
        console.log('      SKIP this machine lets nobody mount a small disk')
        return this.skip()
      }
      filler = join(disk.path, 'filler')
    })
    afterEach(async () => {
      // Before the disk goes.
      for (const worker of network.workers) await worker.kill()
      await disk?.remove()
    })

    async function onDisk(): Promise<WorkerProcess> {
      const worker = WorkerProcess.start(await network.configure(alice), undefined, [], disk!.enter)
      network.workers.push(worker)
      return worker
    }
    const fill = (): Promise<void> => writeFile(filler, Buffer.alloc(256 * 2 ** 20)).catch(() => undefined)

    const fullAt = random.pick(PLACES)
    it(`after "${fullAt.join(' ')}", for a while`, async () => {
      const worker = await onDisk()
      await started(worker)
      const workload = await submitted()
      await worker.line(isAt(fullAt), 180)
      await fill()
      await sleep(random.integer(2, 8) * 1_000)
      await rm(filler)
      void release(workload)
      // Either it goes on, or it ends, as something it cannot do without could not be written; then it is started again.
      const first = await Promise.race([worker.exited(), answered(workload)])
      if (typeof first === 'number') {
        expect(first, worker.tail()).to.equal(75)
        await onDisk()
        await answered(workload)
      }
      // A seat that had no room for its work has declined. There is nobody else for its slot, which stays open for all of the time.
      await network.chain.provider.send('evm_increaseTime', [MAX_RUN_TIME])
      await expectEnded(network, alice, workload)
    })

    it('when it starts: it says so, and starts once there is room', async () => {
      const first = await onDisk()
      await started(first)
      expect(await first.stop(), first.tail()).to.equal(0)
      await fill()
      const second = await onDisk()
      expect(await second.exited(), second.tail()).to.equal(75)
      expect(second.tail()).to.include('WORKER_DISK_FULL')
      await rm(filler)
      await started(await onDisk())
    })
  })
})

/** A disk of 256 MiB at a path, for processes that are started with `enter` in front. */
async function smallDisk(path: string) {
  // It is in a mount namespace of its own, which a process must hold; processes that come and go find it again.
  const script = `mount -t tmpfs -o size=256m tmpfs '${path}' && echo there && exec sleep infinity`
  const holder = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(holder, 'exit')
  const isThere = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)])
  if (!isThere) return undefined
  return {
    enter: ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, `--wd=${root}`, '--'],
    path: join('/proc', String(holder.pid), 'root', path),
    remove: async () => {
      holder.kill('SIGKILL')
      await ended
    },
  }
}

/** The emulator among the descendants of a process. */
function machineOf(ancestor: number): number | undefined {
  const processes = readdirSync('/proc').flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [, command = '', parent = ''] = /\((.*)\) \S (\d+)/.exec(stat) ?? []
      return /^\d+$/.test(name) ? [{ id: Number(name), command, parent: Number(parent) }] : []
    } catch {
      return []
    }
  })
  const isBelow = (id: number): boolean => {
    const parent = processes.find((each) => each.id === id)?.parent
    return parent === ancestor || (parent !== undefined && parent > 1 && isBelow(parent))
  }
  return processes.find(({ id, command }) => command.startsWith('qemu-system') && isBelow(id))?.id
}
