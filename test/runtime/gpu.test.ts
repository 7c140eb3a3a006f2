import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { buildPackage } from '../../sdk/src/content/buildPackage.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { fetchPackage, type LocalPackage } from '../../sdk/src/content/fetchPackage.js'
import { createRuntime, findGpus, type RunJob, type RunLimits } from '../../sdk/src/runtime/index.js'
import { makeVmDisks, type BootFiles, type VmDisks } from '../../sdk/src/runtime/disks/vmDisks.js'
import { microvmCommand } from '../../sdk/src/runtime/microvm/microvmCommand.js'
import { keptExitCode, nanosMachine } from '../../sdk/src/runtime/nanos/NanosGuest.js'
import { nanosGpuFiles } from '../../sdk/src/runtime/nanos/nanosGpu.js'
import { prepareJob } from '../../sdk/src/runtime/prepareJob.js'
import { fakeGpu, FakeMachine } from '../support/FakeMachine.js'
import { compileGuest } from '../support/guests/compile.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const CARD = '0000:01:00.0'
const LIMITS: RunLimits = { seconds: 60, cores: 2, memoryMiB: 100, outputMiB: 2, logBytes: 4096 }
const DISKS: VmDisks = { program: '/p', job: '/j', out: '/o', kernelLogAt: 0, bootable: true }

describe('runtime: graphics cards: probe', () => {
  const directory = useTemporaryDirectory()
  let count = 0
  const machine = (): FakeMachine => new FakeMachine(join(directory(), `machine-${++count}`))

  it('finds none on a machine without a bus, or with other devices only', async () => {
    expect(await findGpus(join(directory(), 'nothing'))).to.deep.equal([])
    const other = machine()
    other.card('0000:00:1f.2', { class: '0x010601' })
    other.card('not an address', {})
    expect(await findGpus(other.root)).to.deep.equal([])
  })

  it('finds a card that can be given away, with what shares its group', async () => {
    const ready = machine()
    ready.card(CARD, { group: 7 })
    ready.card('0000:01:00.1', { class: '0x040300', group: 7 })
    ready.card('0000:01:00.2', { class: '0x0c0330', group: 7, driver: null })
    ready.card('0000:00:01.0', { class: '0x060400', group: 7, driver: 'pcieport' })
    ready.card('0000:0a:00.0', { class: '0x030200', group: 12 })
    expect(await findGpus(ready.root)).to.deep.equal([
      { address: CARD, id: '0x10de:0x2204', ready: true, gpu: fakeGpu(CARD, 7) },
      { address: '0000:0a:00.0', id: '0x10de:0x2204', ready: true, gpu: fakeGpu('0000:0a:00.0', 12) },
    ])
  })

  const BROKEN: ReadonlyArray<
    readonly [what: string, set: (machine: FakeMachine) => void, reason: RegExp, fix: RegExp]
  > = [
    ['no IOMMU', (fake) => fake.card(CARD, { group: null }), /no IOMMU group/, /firmware/],
    ['another driver', (fake) => fake.card(CARD, { driver: 'nvidia' }), /it is in the hands of nvidia/, /driverctl/],
    ['no driver', (fake) => fake.card(CARD, { driver: null }), /it is in the hands of no driver/, /driverctl/],
    [
      'a neighbour that the host uses',
      (fake) => {
        fake.card(CARD, {})
        fake.card('0000:01:00.1', { class: '0x040300', driver: 'snd_hda_intel' })
      },
      /its neighbour 0000:01:00\.1 is in the hands of snd_hda_intel/,
      /set-override 0000:01:00\.1 vfio-pci/,
    ],
    [
      'locked memory',
      (fake) => {
        fake.card(CARD, {})
        fake.lockedMemory('8388608')
      },
      /may not lock its memory/,
      /LimitMEMLOCK/,
    ],
    ['a group that is not there', (fake) => fake.card(CARD, { open: false }), /\/dev\/vfio\/0 cannot be used/, /udev/],
  ]
  for (const [what, set, reason, fix] of BROKEN) {
    it(`says what is wrong and what helps: ${what}`, async () => {
      const fake = machine()
      set(fake)
      const [finding] = await findGpus(fake.root)
      expect(finding).to.include({ address: CARD, ready: false })
      expect(finding).to.have.property('reason').that.matches(reason)
      expect(finding).to.have.property('fix').that.matches(fix)
    })
  }
})

describe('runtime: graphics cards: command line', () => {
  const gpus = [fakeGpu(CARD, 7), fakeGpu('0000:02:00.0', 7), fakeGpu('0000:41:00.0', 12)]
  const { args } = microvmCommand(nanosMachine('/k', DISKS, { ...LIMITS, gpus }, 'kvm'))
  const line = args.join(' ')

  it('hands each card over, on a machine with a bus that starts from its first disk', () => {
    expect(line).to.contain('-machine q35 -accel kvm').and.not.to.contain('microvm').and.not.to.contain('-kernel')
    for (const { address } of gpus) expect(line).to.contain(`-device vfio-pci,host=${address},rombar=0`)
    expect(args.filter((arg) => arg.startsWith('virtio-blk'))).to.deep.equal([
      'virtio-blk-pci,drive=job,serial=job,werror=report,rerror=report,bootindex=1',
      'virtio-blk-pci,drive=program,serial=program,werror=report,rerror=report',
      'virtio-blk-pci,drive=out,serial=out,werror=report,rerror=report',
    ])
    expect(line).not.to.match(/-netdev|-nic|virtio-net/)
  })

  it('shows the groups of these cards, each once', () => {
    const binds = args.flatMap((arg, at) => (arg === '--dev-bind' ? [args[at + 1]] : []))
    expect(binds).to.deep.equal(['/dev/kvm', '/dev/vfio/vfio', '/dev/vfio/7', '/dev/vfio/12'])
  })

  it('shows nothing of it to a machine without cards', () => {
    const plain = microvmCommand(nanosMachine('/k', { ...DISKS, bootable: false }, LIMITS, 'kvm')).args.join(' ')
    expect(plain).not.to.match(/vfio|q35|\/sys/)
  })
})

describe('runtime: graphics cards: runs', function () {
  this.timeout(300_000)
  const directory = useTemporaryDirectory()
  let local: LocalPackage
  let release: string

  before(async () => {
    const store = new DirectoryStore(join(directory(), 'store'))
    const guest = compileGuest('guest', directory())
    const { digest } = await buildPackage(
      {
        name: 'wants-a-card',
        role: 'prove',
        argv: ['/app/guest', 'code', '42'],
        resources: { cores: 1, memoryMiB: 64, outputMiB: 2, gpus: 1 },
        files: [{ path: 'guest', source: guest, executable: true }],
      },
      store,
    )
    local = await fetchPackage(digest, store, join(directory(), 'packages'))
    release = join(directory(), 'release')
    mkdirSync(join(release, 'klibs'), { recursive: true })
    mkdirSync(join(release, 'nvidia/535.113.01'), { recursive: true })
    writeFileSync(join(release, 'kernel.img'), 'kernel')
  })

  function job(limits: RunLimits): RunJob {
    const outputDirectory = directory()
    return {
      package: local,
      inputs: [],
      args: [],
      role: 'prove',
      workload: '0x1',
      prover: '0x2',
      limits,
      outputDirectory,
    }
  }

  it('are refused without the cards that the package wants, and where a runtime has none to lend', async () => {
    expect(local.manifest.resources.gpus).to.equal(1)
    const none = await rejected(prepareJob(job(LIMITS)), 'RUNTIME_JOB_INVALID')
    expect(none.message).to.contain('is for 1 graphics cards, the job lends 0')
    for (const name of ['bubblewrap', 'linux'] as const) {
      const runtime = createRuntime(name, { cacheDirectory: join(directory(), 'cache'), accel: 'tcg' })
      const check = await runtime.check()
      if (!check.available) {
        console.log(`      SKIP ${name}: ${check.reason}`)
        continue
      }
      const error = await rejected(runtime.run(job({ ...LIMITS, gpus: [fakeGpu(CARD, 7)] })), 'RUNTIME_UNAVAILABLE')
      expect(error.message).to.equal(`the runtime ${name} lends no graphics cards`)
    }
  })

  it('want boot loader, driver and firmware beside the kernel, and say which is missing', async () => {
    const kernel = join(release, 'kernel.img')
    const missing = async (): Promise<string> => (await rejected(nanosGpuFiles(kernel), 'RUNTIME_UNAVAILABLE')).message
    expect(await missing())
      .to.contain('the boot loader, ')
      .and.to.contain('boot.img')
    writeFileSync(join(release, 'boot.img'), Buffer.alloc(1000, 1))
    expect(await missing())
      .to.contain('the driver, ')
      .and.to.contain('klibs/gpu_nvidia')
    writeFileSync(join(release, 'klibs/gpu_nvidia'), 'driver')
    expect(await missing()).to.contain('the firmware, ')
    writeFileSync(join(release, 'nvidia/535.113.01/gsp_ga10x.bin'), 'firmware')
    const { loader, root } = await nanosGpuFiles(kernel)
    expect(loader).to.have.length(1000)
    expect(root.map(({ path }) => path)).to.deep.equal(['klib/gpu_nvidia', 'nvidia/535.113.01/gsp_ga10x.bin'])
  })

  it('have a disk with boot record, kernel, driver and firmware', async () => {
    const {
      job: disk,
      kernelLogAt,
      bootable,
    } = await bootDisks('image', await nanosGpuFiles(join(release, 'kernel.img')))
    const image = readFileSync(disk)
    expect(bootable).to.be.true
    const partition = (index: number): readonly [at: number, bytes: number] => {
      const at = 446 + 16 * index
      return [image.readUInt32LE(at + 8) * 512, image.readUInt32LE(at + 12) * 512]
    }
    // The loader's own bytes around the partition table; its log in front of the first volume.
    expect(image.subarray(0, 446).every((byte) => byte === 1)).to.be.true
    expect(image.subarray(512, 1000).every((byte) => byte === 1)).to.be.true
    expect(kernelLogAt).to.equal(1024)
    const [boot, root] = [partition(0), partition(1)]
    expect(boot[0]).to.equal(kernelLogAt + 4096)
    expect(root[0]).to.equal(boot[0] + boot[1])
    const holds = ([at, bytes]: readonly [number, number], text: string): boolean =>
      image.subarray(at, at + bytes).includes(text)
    expect(holds(boot, 'kernel')).to.be.true
    for (const text of ['klibs', 'gpu_nvidia', 'gsp_ga10x.bin', 'firmware']) expect(holds(root, text), text).to.be.true
  })

  async function bootDisks(name: string, boot: BootFiles): Promise<VmDisks> {
    const at = join(directory(), name)
    mkdirSync(at)
    const limits = { ...LIMITS, gpus: [fakeGpu(CARD, 7)] }
    return makeVmDisks(at, local, await prepareJob(job(limits)), limits, 'ab'.repeat(16), boot)
  }

  /** The kernel and the boot loader of a release or of a build of Nanos. */
  function nanosFiles(): Pick<BootFiles, 'loader' | 'kernel'> | undefined {
    const kernel = process.env['NANOS_KERNEL'] ?? ''
    const places = [join(dirname(kernel), 'boot.img'), join(dirname(kernel), '../boot/boot.img')]
    const loader = places.find((path) => existsSync(path))
    if (!existsSync(kernel) || loader === undefined) return undefined
    return { loader: readFileSync(loader), kernel: { path: kernel, size: statSync(kernel).size } }
  }

  it('boot Nanos from that disk, which reads its modules from it', async function () {
    const nanos = nanosFiles()
    if (nanos === undefined) {
      console.log('      SKIP: NANOS_KERNEL names no kernel with a boot.img beside it')
      return this.skip()
    }
    const boot = (
      name: string,
      driver: readonly string[],
    ): { disks: Promise<VmDisks>; run: (disks: VmDisks) => string } => ({
      disks: bootDisks(name, {
        ...nanos,
        root: driver.map((text) => ({ path: 'klib/gpu_nvidia', content: Buffer.from(text), executable: false })),
      }),
      run: (disks) => {
        // No card here: the same machine without one.
        const { command, args } = microvmCommand(nanosMachine('/dev/null', disks, { ...LIMITS, gpus: [] }, 'tcg'))
        // The fourth is for QEMU's events.
        const stdio = Array.from({ length: 4 }, () => 'pipe' as const)
        return spawnSync(command, args, { encoding: 'latin1', stdio, timeout: 120_000, killSignal: 'SIGKILL' }).stdout
      },
    })
    const plain = boot('plain', [])
    const disks = await plain.disks
    plain.run(disks)
    expect(await keptExitCode(disks)).to.equal(42)
    const junk = boot('junk', ['this is no module'])
    expect(junk.run(await junk.disks)).to.contain('load_klib')
  })
})
