import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LocalPackage } from '../../sdk/src/content/fetchPackage.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { microvmCommand } from '../../sdk/src/runtime/microvm/microvmCommand.js'
import { MicrovmRuntime } from '../../sdk/src/runtime/microvm/MicrovmRuntime.js'
import { isOutFull, keptExitCode, NanosGuest, nanosMachine } from '../../sdk/src/runtime/nanos/NanosGuest.js'
import { nanosExit, type NanosEnd } from '../../sdk/src/runtime/nanos/nanosExit.js'
import { findNanosKernel, kernelCandidates } from '../../sdk/src/runtime/nanos/nanosKernel.js'
import { nanosProgram } from '../../sdk/src/runtime/nanos/nanosProgram.js'
import { NanosSerial } from '../../sdk/src/runtime/nanos/NanosSerial.js'
import type { RunLimits } from '../../sdk/src/runtime/Runtime.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LIMITS: RunLimits = { seconds: 7, cores: 2, memoryMiB: 100, outputMiB: 4, logBytes: 1000 }
const DISKS = { program: '/p', job: '/j', out: '/o', kernelLogAt: 4096, bootable: false }

describe('runtime: nanos: command line', () => {
  const { command, args } = microvmCommand(nanosMachine('/k', DISKS, LIMITS, 'tcg'))
  const machine = args.slice(args.indexOf('qemu-system-x86_64'))

  it('limits QEMU from outside', () => {
    expect(command).to.equal('prlimit')
    expect(args).to.include.members([
      '--core=0',
      '--nofile=256',
      `--fsize=${7 * 2 ** 20}`,
      '--unshare-all',
      '--clearenv',
    ])
    expect(args.filter((arg) => arg.startsWith('--cpu='))).to.deep.equal(['--cpu=194'])
    // Even if we are gone: the program's time, and that for booting and for the end.
    const jailed = args.slice(args.indexOf('--') + 1)
    expect(jailed.slice(0, 5)).to.deep.equal(['timeout', '--foreground', '--signal=KILL', '187', 'qemu-system-x86_64'])
    // Out of our process group it would survive a kill that comes while the sandbox is set up.
    expect(args).not.to.contain('--new-session')
  })

  it('shows QEMU nothing but /usr, the kernel and the disks, and lets it write two of them', () => {
    const binds = args.flatMap((arg, at) => (/^--(ro-|dev-)?bind$/.test(arg) ? [args.slice(at, at + 3).join(' ')] : []))
    expect(binds).to.deep.equal([
      '--ro-bind /usr /usr',
      '--ro-bind /k /vm/kernel',
      '--bind /j /vm/job',
      '--ro-bind /p /vm/program',
      '--bind /o /vm/out',
    ])
  })

  it('gives the guest three disks, the root first, and no network', () => {
    expect(machine.filter((arg) => arg.startsWith('if=none'))).to.deep.equal([
      'if=none,id=job,format=raw,file=/vm/job,cache=unsafe',
      'if=none,id=program,format=raw,file=/vm/program,readonly=on',
      'if=none,id=out,format=raw,file=/vm/out,cache=unsafe',
    ])
    expect(machine).to.include.members(['-nodefaults', '-no-user-config', '-no-reboot', 'isa-debug-exit'])
    expect(machine.join(' ')).not.to.match(/net|nic|vfio|9p|fsdev/)
    // One channel, which was handed down, for what QEMU has to tell us of the disks.
    expect(machine.filter((arg) => arg.includes('chardev') || arg.includes('socket'))).to.deep.equal([
      '-chardev',
      'socket,id=events,fd=3',
      'chardev=events,mode=control',
    ])
    // A guest whose writes find no room is told so, and not stopped for good.
    expect(machine.filter((arg) => arg.startsWith('virtio-blk'))).to.have.length(3)
    for (const device of machine.filter((arg) => arg.startsWith('virtio-blk')))
      expect(device).to.include('werror=report,rerror=report')
    expect(machine[machine.indexOf('-smp') + 1]).to.equal('2')
    expect(machine[machine.indexOf('-m') + 1]).to.equal('180M')
  })

  it('uses KVM only when told to, and only then shows the device', () => {
    const kvm = microvmCommand(nanosMachine('/k', DISKS, LIMITS, 'kvm')).args
    expect(kvm.join(' ')).to.contain('--dev-bind /dev/kvm /dev/kvm').and.to.contain('-accel kvm -cpu host')
    expect(args.join(' ')).not.to.contain('kvm')
    expect(machine.join(' ')).to.contain('-accel tcg,thread=multi')
  })

  it('never lets QEMU guess a format', () => {
    const spec = { kernel: '/k', disks: { a: { path: '/a', writable: true } }, machine: 'x', cores: 1, seconds: 1 }
    const { args: any } = microvmCommand({ ...spec, memoryMiB: 1, fileBytes: 1, accel: 'tcg' })
    expect(any.filter((arg) => arg.startsWith('if=')).every((arg) => arg.includes('format=raw'))).to.equal(true)
  })
})

describe('runtime: nanos: end of a machine', () => {
  const end = (change: Partial<NanosEnd>): ReturnType<typeof nanosExit> =>
    nanosExit({ code: 1, started: true, qemuText: '', keptCode: undefined, log: '', ...change })
  const failed = (change: Partial<NanosEnd>): string => {
    const exit = end(change)
    return 'failed' in exit ? exit.failed : ''
  }

  it('reads exit codes, whole where the kernel kept them', () => {
    expect(end({})).to.deep.equal({ code: 0, memoryExhausted: false })
    expect(end({ code: 15, keptCode: 7 })).to.deep.equal({ code: 7, memoryExhausted: false })
    expect(end({ code: 15 })).to.deep.equal({ code: 7, memoryExhausted: false })
    // To the exit port 128 is 0: without the kernel's note a failed verifier would count as one that says "valid".
    expect(end({ code: 1, keptCode: 128 })).to.deep.equal({ code: 128, memoryExhausted: false })
    expect(end({ code: 255, keptCode: 255 })).to.deep.equal({ code: 255, memoryExhausted: false })
  })

  it('tells signals from exit codes', () => {
    const log = 'text\n*** signal 11 received by tid 2, errno 0, code 1\nframe\n'
    expect(end({ code: 23, keptCode: 11, log })).to.deep.equal({ signal: 11, memoryExhausted: false })
    expect(end({ code: 23, keptCode: 11 })).to.deep.equal({ code: 11, memoryExhausted: false })
    // A program may print what it likes: it only ever speaks of its own end.
    expect(end({ code: 1, log })).to.deep.equal({ code: 0, memoryExhausted: false })
  })

  it('knows the end of memory', () => {
    const log = 'page fill failed with (result:out of memory)\n*** signal 7 received by tid 2, errno 0, code 2\n'
    expect(end({ code: 15, keptCode: 7, log })).to.deep.equal({ signal: 7, memoryExhausted: true })
    expect(end({ code: 1, log })).to.deep.equal({ code: 0, memoryExhausted: false })
  })

  it('blames the machine, not the program, for what only the machine can do', () => {
    expect(failed({ started: false, qemuText: 'bad option' })).to.match(/did not start.*bad option/)
    expect(failed({ code: null })).to.match(/broke down: QEMU exited with a signal/)
    expect(failed({ code: 134 })).to.match(/broke down/)
    expect(failed({ code: 0 })).to.match(/broke down/)
    // The host ran out of memory and killed QEMU, or QEMU crashed: these numbers are odd, as a guest's would be.
    expect(failed({ code: 137 })).to.match(/ended by signal 9/)
    expect(failed({ code: 139 })).to.match(/ended by signal 11/)
    expect(end({ code: 137, keptCode: 68 })).to.deep.equal({ code: 68, memoryExhausted: false })
    expect(failed({ code: 1, qemuText: 'no memory' })).to.match(/broke down.*no memory/)
    expect(failed({ code: 3, keptCode: 5 })).to.match(/contradict/)
    expect(failed({ code: 255, keptCode: 127, log: 'unable to open program file /app/p' })).to.match(/not ready/)
  })
})

describe('runtime: nanos: serial port', () => {
  it('divides the kernel from the program wherever the pieces are cut', () => {
    const whole = Buffer.from(
      'en1: x\n[0.12] NET: no network interface found\nhello\n[0.12] NET: no network interface found\n',
    )
    for (let size = 1; size < whole.length; size++) {
      const parts = { system: '', program: '', starts: 0 }
      const serial = new NanosSerial({
        system: (bytes) => (parts.system += Buffer.from(bytes).toString()),
        program: (bytes) => (parts.program += Buffer.from(bytes).toString()),
        start: () => parts.starts++,
      })
      for (let at = 0; at < whole.length; at += size) serial.write(whole.subarray(at, at + size))
      serial.close()
      expect(parts).to.deep.equal({
        system: 'en1: x\n[0.12] NET: no network interface found\n',
        program: 'hello\n[0.12] NET: no network interface found\n',
        starts: 1,
      })
    }
  })

  it('keeps the beginning of a start that never ends, and no more', () => {
    let system = 0
    const serial = new NanosSerial({
      system: (bytes) => (system += bytes.length),
      program: () => expect.fail('the program never ran'),
      start: () => expect.fail('the program never ran'),
    })
    for (let index = 0; index < 100; index++) serial.write(Buffer.alloc(10_000, 'x'))
    serial.close()
    expect(system).to.be.within(10_000, 80_000)
  })
})

describe('runtime: nanos: disks', () => {
  const directory = useTemporaryDirectory()

  it('reads the exit code that the kernel kept', async () => {
    const path = join(directory(), 'job.img')
    const disk = Buffer.alloc(64 * 512)
    writeFileSync(path, disk)
    expect(await keptExitCode({ ...DISKS, job: path })).to.equal(undefined)
    disk.write('KLOG', 8 * 512)
    disk.writeInt32LE(0x180, 8 * 512 + 12)
    writeFileSync(path, disk)
    expect(await keptExitCode({ ...DISKS, job: path })).to.equal(0x80)
  })

  it('calls a volume full when less is left than the kernel takes at a time', () => {
    expect(isOutFull({ sectors: 10_000, usedSectors: 9000 })).to.equal(true)
    expect(isOutFull({ sectors: 10_000, usedSectors: 1000 })).to.equal(false)
    expect(isOutFull({ sectors: 10_000, usedSectors: 20_000 })).to.equal(true)
  })
})

describe('runtime: nanos: program', () => {
  const directory = useTemporaryDirectory()
  const argv = ['/app/lib/ld.so', '--library-path', '/app/lib', '/app/node', 'main.mjs']
  const usual = { lib: 'app/lib', lib64: 'app/lib64', usr: 'app/usr' }

  function packaged(interpreter: string, type = 2, headers = 1): LocalPackage {
    const elf = Buffer.alloc(0x78 + 400)
    elf.write('\x7fELF\x02\x01\x01', 'latin1')
    elf.writeUInt16LE(type, 16)
    elf.writeBigUInt64LE(0x40n, 32)
    elf.writeUInt16LE(0x38, 54)
    elf.writeUInt16LE(headers, 56)
    elf.writeUInt32LE(3, 0x40)
    elf.writeBigUInt64LE(0x78n, 0x48)
    elf.write(`${interpreter}\0`, 0x78, 'latin1')
    writeFileSync(join(directory(), 'node'), elf)
    const manifest = { files: [{ path: 'node', size: elf.length, mode: '0755', sha256: '' }] }
    return { directory: directory(), files: directory(), manifest } as unknown as LocalPackage
  }

  it('starts a program for a fixed address itself, not through its loader', async () => {
    expect(await nanosProgram(packaged('/lib64/ld.so.2'), { argv, env: { A: 'b' } })).to.deep.equal({
      argv: ['/app/node', 'main.mjs'],
      env: { LD_LIBRARY_PATH: '/app/lib', A: 'b' },
      links: { lib: 'app/lib', usr: 'app/usr', 'lib64/ld.so.2': '/app/lib/ld.so' },
    })
  })

  it('leaves every other program as it is', async () => {
    const same = { argv, env: {}, links: usual }
    expect(await nanosProgram(packaged('/lib64/ld.so.2', 3), { argv, env: {} })).to.deep.equal(same)
    expect(await nanosProgram(packaged('/lib64/ld.so.2', 2, 0), { argv, env: {} })).to.deep.equal(same)
    const plain = ['/app/node', 'x']
    expect((await nanosProgram(packaged('/lib64/ld.so.2'), { argv: plain, env: {} })).argv).to.equal(plain)
    const absent = [...argv.slice(0, 3), '/app/absent']
    expect((await nanosProgram(packaged('/lib64/ld.so.2'), { argv: absent, env: {} })).argv).to.equal(absent)
  })

  it('puts no link where the header of a hostile program wants one', async () => {
    for (const path of [
      'lib64/x',
      '/lib64/../in/x',
      '/app/x',
      '/out/x',
      '/in',
      '/',
      '//x',
      '/x',
      '',
      '/x/'.padEnd(390, 'x'),
    ]) {
      expect((await nanosProgram(packaged(path), { argv, env: {} })).links, path).to.deep.equal(usual)
    }
  })
})

describe('runtime: nanos: kernel', () => {
  const directory = useTemporaryDirectory()
  const kernel = Buffer.from('\x7fELF and what follows', 'latin1')
  const sha256 = createHash('sha256').update(kernel).digest('hex')

  it('looks in the named place alone, or in all known ones, newest release first', async () => {
    expect(await kernelCandidates({ NANOS_KERNEL: '/here', HOME: directory() })).to.deep.equal(['/here'])
    const ops = join(directory(), '.ops')
    for (const version of ['0.1.9', '0.1.52', 'not-a-release']) mkdirSync(join(ops, version), { recursive: true })
    writeFileSync(join(ops, 'latest.txt'), '0.1.9\n')
    expect(await kernelCandidates({ HOME: directory() })).to.deep.equal([
      join(directory(), '.local/share/gevulot/nanos/kernel.img'),
      join(ops, '0.1.9/kernel.img'),
      join(ops, '0.1.52/kernel.img'),
      join(ops, 'nightly/kernel.img'),
    ])
    // The file of another tool is not trusted with paths.
    writeFileSync(join(ops, 'latest.txt'), '../../etc')
    expect((await kernelCandidates({ HOME: directory() }))[1]).to.equal(join(ops, '0.1.52/kernel.img'))
  })

  it('takes the pinned kernel and no other', async () => {
    const path = join(directory(), 'kernel.img')
    writeFileSync(path, kernel)
    expect(await findNanosKernel({ nanosKernel: path })).to.deep.equal({ path, sha256 })
    expect(await findNanosKernel({ nanosKernel: path, nanosKernelSha256: sha256 })).to.deep.equal({ path, sha256 })
    await rejected(findNanosKernel({ nanosKernel: path, nanosKernelSha256: 'ab'.repeat(32) }), 'RUNTIME_UNAVAILABLE')
  })

  it('says what helps when there is none, or something else in its place', async () => {
    const missing = join(directory(), 'missing.img')
    const check = await new MicrovmRuntime(new NanosGuest({ nanosKernel: missing })).check()
    expect(check).to.deep.include({ available: false, reason: `no Nanos kernel: ${missing}` })
    expect(check).to.have.property('fix').that.contains('NANOS_KERNEL')
    const text = join(directory(), 'text.img')
    writeFileSync(text, 'not a kernel at all')
    const error = await findNanosKernel({ nanosKernel: text }).catch((thrown: unknown) => thrown)
    expect(GevulotError.is(error, 'RUNTIME_UNAVAILABLE') && error.message).to.contain('is no kernel image')
    const huge = await open(join(directory(), 'huge.img'), 'w')
    await huge.truncate(2 ** 40)
    await huge.close()
    await rejected(findNanosKernel({ nanosKernel: join(directory(), 'huge.img') }), 'RUNTIME_UNAVAILABLE')
  })
})
