import { expect } from 'chai'
import fc from 'fast-check'
import { ALLOWED, CONDITIONAL, seccompFilter, VERDICT } from '../../sdk/src/runtime/bubblewrap/seccomp.js'

const X86_64 = 0xc000003e
const I386 = 0x40000003
const { allow, kill, fail } = VERDICT
const EPERM = fail(1)

/** What the kernel makes of a filter for one call: classic BPF, the instructions a filter of ours may have. */
function decide(number: number, args: readonly number[] = [], arch = X86_64): number {
  const filter = seccompFilter()
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number, 0)
  data.writeUInt32LE(arch, 4)
  args.forEach((value, index) => data.writeUInt32LE(value, 16 + 8 * index))
  let accumulator = 0
  for (let at = 0; ; at++) {
    const code = filter.readUInt16LE(at * 8)
    const operand = filter.readUInt32LE(at * 8 + 4)
    const holds =
      { 0x15: accumulator === operand, 0x35: accumulator >= operand, 0x25: accumulator > operand }[code] ??
      (accumulator & operand) !== 0
    if (code === 0x20) accumulator = data.readUInt32LE(operand)
    else if (code === 0x06) return operand
    else if ([0x15, 0x35, 0x25, 0x45].includes(code)) at += filter.readUInt8(at * 8 + (holds ? 2 : 3))
    else throw new Error(`instruction ${code}`)
  }
}

describe('runtime: bubblewrap: filter of system calls', () => {
  const allowed = new Set(Object.values(ALLOWED).flatMap((group) => Object.values(group)))
  const conditional = new Set<number>(Object.values(CONDITIONAL))

  it('allows what is listed and nothing else, whatever the arguments', () => {
    fc.assert(
      fc.property(fc.nat(700), fc.array(fc.nat(0xffffffff), { minLength: 6, maxLength: 6 }), (number, args) => {
        if (!conditional.has(number)) expect(decide(number, args)).to.equal(allowed.has(number) ? allow : EPERM)
      }),
      { numRuns: 1000 },
    )
    for (let number = 0; number < 700; number++) {
      if (!conditional.has(number)) expect(decide(number), String(number)).to.equal(allowed.has(number) ? allow : EPERM)
    }
  })

  it('names no call twice, and fits the kernel', () => {
    const numbers = Object.values(ALLOWED).flatMap((group) => Object.values(group))
    expect(numbers).to.have.length(allowed.size)
    expect(numbers.filter((number) => conditional.has(number))).to.deep.equal([])
    expect(seccompFilter().length / 8).to.be.lessThan(4096)
  })

  it('kills what speaks another convention: its numbers mean other calls', () => {
    for (const number of [0, 4, 11, 400]) {
      expect(decide(number, [], I386)).to.equal(kill)
      expect(decide(0x40000000 + number)).to.equal(kill)
    }
    expect(decide(0xffffffff)).to.equal(kill)
  })

  it('refuses what reaches into the kernel or into other processes', () => {
    const refused = {
      ptrace: 101, syslog: 103, modify_ldt: 154, pivot_root: 155, chroot: 161, acct: 163, mount: 165, umount2: 166, swapon: 167,
      reboot: 169, iopl: 172, ioperm: 173, init_module: 175, quotactl: 179, clock_settime: 227, mbind: 237, mq_open: 240,
      kexec_load: 246, add_key: 248, request_key: 249, keyctl: 250, unshare: 272, move_pages: 279, perf_event_open: 298,
      fanotify_init: 300, name_to_handle_at: 303, open_by_handle_at: 304, setns: 308, process_vm_readv: 310,
      process_vm_writev: 311, kcmp: 312, finit_module: 313, kexec_file_load: 320, bpf: 321, userfaultfd: 323,
      io_uring_setup: 425, io_uring_enter: 426, open_tree: 428, move_mount: 429, fsopen: 430, pidfd_getfd: 438,
      process_madvise: 440, mount_setattr: 442, memfd_secret: 447,
    } // prettier-ignore
    for (const [name, number] of Object.entries(refused)) expect(decide(number), name).to.equal(EPERM)
  })

  it('looks at the arguments where they matter', () => {
    const { socket, socketpair, clone, clone3, ioctl, personality } = CONDITIONAL
    for (const call of [socket, socketpair]) {
      expect(decide(call, [1])).to.equal(allow)
      for (const family of [0, 2, 10, 16, 17, 38, 40]) expect(decide(call, [family])).to.equal(fail(97))
    }
    // What pthread_create and fork ask for.
    for (const flags of [0x3d0f00, 0x1200011]) expect(decide(clone, [flags])).to.equal(allow)
    for (const bit of [0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      expect(decide(clone, [0x3d0f00 | bit]), bit.toString(16)).to.equal(EPERM)
    expect(decide(clone3, [1, 2])).to.equal(fail(38))
    expect(decide(ioctl, [0, 0x5401])).to.equal(allow)
    for (const request of [0x5412, 0x541c]) expect(decide(ioctl, [0, request])).to.equal(EPERM)
    for (const persona of [0, 0x40000, 0xffffffff]) expect(decide(personality, [persona])).to.equal(allow)
    expect(decide(personality, [8])).to.equal(EPERM)
  })
})
