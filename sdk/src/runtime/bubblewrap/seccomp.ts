/**
 * The system call filter of a program in bubblewrap: a list of what programs need, everything else fails with "operation not
 * permitted". A program of the wrong calling convention (32 bits, or x32) is killed, because its numbers mean other calls.
 * Format: Linux, Documentation/userspace-api/seccomp_filter.rst; instructions of include/uapi/linux/bpf_common.h.
 */

/** What a program may call, by x86-64 numbers (asm/unistd_64.h), in groups. */
export const ALLOWED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  files: {
    read: 0, write: 1, open: 2, close: 3, stat: 4, fstat: 5, lstat: 6, poll: 7, lseek: 8, pread64: 17, pwrite64: 18, readv: 19,
    writev: 20, access: 21, pipe: 22, select: 23, dup: 32, dup2: 33, sendfile: 40, fcntl: 72, flock: 73, fsync: 74, fdatasync: 75,
    truncate: 76, ftruncate: 77, getdents: 78, getcwd: 79, chdir: 80, fchdir: 81, rename: 82, mkdir: 83, rmdir: 84, creat: 85,
    link: 86, unlink: 87, symlink: 88, readlink: 89, chmod: 90, fchmod: 91, chown: 92, fchown: 93, lchown: 94, umask: 95,
    utime: 132, mknod: 133, statfs: 137, fstatfs: 138, sync: 162, readahead: 187, getxattr: 191, lgetxattr: 192, fgetxattr: 193,
    listxattr: 194, llistxattr: 195, flistxattr: 196, getdents64: 217, fadvise64: 221, utimes: 235, openat: 257, mkdirat: 258,
    mknodat: 259, fchownat: 260, futimesat: 261, newfstatat: 262, unlinkat: 263, renameat: 264, linkat: 265, symlinkat: 266,
    readlinkat: 267, fchmodat: 268, faccessat: 269, pselect6: 270, ppoll: 271, splice: 275, tee: 276, sync_file_range: 277,
    vmsplice: 278, utimensat: 280, fallocate: 285, dup3: 292, pipe2: 293, preadv: 295, pwritev: 296, syncfs: 306, renameat2: 316,
    memfd_create: 319, copy_file_range: 326, preadv2: 327, pwritev2: 328, statx: 332, close_range: 436, openat2: 437,
    faccessat2: 439,
  },
  memory: {
    mmap: 9, mprotect: 10, munmap: 11, brk: 12, mremap: 25, msync: 26, mincore: 27, madvise: 28, shmget: 29, shmat: 30, shmctl: 31,
    shmdt: 67, mlock: 149, munlock: 150, mlockall: 151, munlockall: 152, mlock2: 325, pkey_mprotect: 329, pkey_alloc: 330,
    pkey_free: 331,
  },
  signals: {
    rt_sigaction: 13, rt_sigprocmask: 14, rt_sigreturn: 15, pause: 34, kill: 62, rt_sigpending: 127, rt_sigtimedwait: 128,
    rt_sigqueueinfo: 129, rt_sigsuspend: 130, sigaltstack: 131, tkill: 200, tgkill: 234, signalfd: 282, signalfd4: 289,
    rt_tgsigqueueinfo: 297, restart_syscall: 219,
  },
  time: {
    nanosleep: 35, getitimer: 36, alarm: 37, setitimer: 38, gettimeofday: 96, times: 100, time: 201, timer_create: 222,
    timer_settime: 223, timer_gettime: 224, timer_getoverrun: 225, timer_delete: 226, clock_gettime: 228, clock_getres: 229,
    clock_nanosleep: 230, timerfd_create: 283, timerfd_settime: 286, timerfd_gettime: 287,
  },
  processes: {
    sched_yield: 24, getpid: 39, fork: 57, vfork: 58, execve: 59, exit: 60, wait4: 61, uname: 63, getrlimit: 97, getrusage: 98,
    sysinfo: 99, getuid: 102, getgid: 104, setuid: 105, setgid: 106, geteuid: 107, getegid: 108, setpgid: 109, getppid: 110,
    getpgrp: 111, setsid: 112, setreuid: 113, setregid: 114, getgroups: 115, setgroups: 116, setresuid: 117, getresuid: 118,
    setresgid: 119, getresgid: 120, getpgid: 121, setfsuid: 122, setfsgid: 123, getsid: 124, capget: 125, capset: 126,
    getpriority: 140, setpriority: 141, sched_setparam: 142, sched_getparam: 143, sched_setscheduler: 144, sched_getscheduler: 145,
    sched_get_priority_max: 146, sched_get_priority_min: 147, sched_rr_get_interval: 148, prctl: 157, arch_prctl: 158,
    setrlimit: 160, gettid: 186, futex: 202, sched_setaffinity: 203, sched_getaffinity: 204, set_tid_address: 218,
    exit_group: 231, waitid: 247, ioprio_set: 251, ioprio_get: 252, set_robust_list: 273, get_robust_list: 274, prlimit64: 302,
    getcpu: 309, sched_setattr: 314, sched_getattr: 315, seccomp: 317, getrandom: 318, execveat: 322, membarrier: 324, rseq: 334,
    pidfd_send_signal: 424, pidfd_open: 434, landlock_create_ruleset: 444, landlock_add_rule: 445, landlock_restrict_self: 446,
    futex_waitv: 449,
  },
  messages: {
    connect: 42, accept: 43, sendto: 44, recvfrom: 45, sendmsg: 46, recvmsg: 47, shutdown: 48, bind: 49, listen: 50,
    getsockname: 51, getpeername: 52, setsockopt: 54, getsockopt: 55, semget: 64, semop: 65, semctl: 66, msgget: 68, msgsnd: 69,
    msgrcv: 70, msgctl: 71, io_setup: 206, io_destroy: 207, io_getevents: 208, io_submit: 209, io_cancel: 210, epoll_create: 213,
    semtimedop: 220, epoll_wait: 232, epoll_ctl: 233, inotify_init: 253, inotify_add_watch: 254, inotify_rm_watch: 255,
    epoll_pwait: 281, eventfd: 284, accept4: 288, eventfd2: 290, epoll_create1: 291, inotify_init1: 294, recvmmsg: 299,
    sendmmsg: 307, io_pgetevents: 333, epoll_pwait2: 441,
  },
} // prettier-ignore

/** Calls that are allowed with some arguments only. */
export const CONDITIONAL = { ioctl: 16, socket: 41, socketpair: 53, clone: 56, personality: 135, clone3: 435 } as const

const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97
const AF_UNIX = 1
const AUDIT_ARCH_X86_64 = 0xc000003e
const X32_BIT = 0x40000000
// CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: no namespaces within the sandbox.
const NEW_NAMESPACES = 0x7e020080
// What puts text into a terminal's input, and what changes a console: the log's terminal is not the program's.
const TERMINAL_TRICKS = [0x5412, 0x541c]
// The plain one, the one that turns address randomisation off, and the question which one it is.
const PERSONALITIES = [0, 0x40000, 0xffffffff]

/** What the kernel does with a call; the value of a filter's return. */
export const VERDICT = {
  allow: 0x7fff0000,
  kill: 0x80000000,
  /** The call fails with this error. */
  fail: (errno: number): number => 0x50000 | errno,
} as const

const LOAD = 0x20
const EQUAL = 0x15
const AT_LEAST = 0x35
const ABOVE = 0x25
const ANY_BIT = 0x45
const RETURN = 0x06
// Places in struct seccomp_data.
const NUMBER_AT = 0
const ARCH_AT = 4
const argumentAt = (index: number): number => 16 + 8 * index

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

const load = (at: number): Instruction => [LOAD, 0, 0, at]
const answer = (verdict: number): Instruction => [RETURN, 0, 0, verdict]
/** Goes on with the next instruction if the test holds, else past `past` of them. */
const when = (test: number, operand: number, past: number): Instruction => [test, 0, past, operand]

/** Runs `then`, which must answer, for one call. */
function forCall(number: number, then: readonly Instruction[]): Instruction[] {
  return [when(EQUAL, number, then.length), ...then]
}

/** The filter as bubblewrap's `--seccomp` takes it: instructions of eight bytes, in the machine's byte order. */
export function seccompFilter(): Buffer {
  const deny = answer(VERDICT.fail(EPERM))
  const allow = answer(VERDICT.allow)
  const onlyUnix = [load(argumentAt(0)), when(EQUAL, AF_UNIX, 1), allow, answer(VERDICT.fail(EAFNOSUPPORT))]
  const instructions: Instruction[] = [
    load(ARCH_AT),
    [EQUAL, 1, 0, AUDIT_ARCH_X86_64],
    answer(VERDICT.kill),
    load(NUMBER_AT),
    when(AT_LEAST, X32_BIT, 1),
    answer(VERDICT.kill),
    ...forCall(CONDITIONAL.socket, onlyUnix),
    ...forCall(CONDITIONAL.socketpair, onlyUnix),
    ...forCall(CONDITIONAL.clone, [load(argumentAt(0)), when(ANY_BIT, NEW_NAMESPACES, 1), deny, allow]),
    // Its arguments lie in memory, where a filter cannot look; the C libraries then take `clone`.
    ...forCall(CONDITIONAL.clone3, [answer(VERDICT.fail(ENOSYS))]),
    ...forCall(CONDITIONAL.ioctl, [
      load(argumentAt(1)),
      ...TERMINAL_TRICKS.flatMap((request) => [when(EQUAL, request, 1), deny]),
      allow,
    ]),
    ...forCall(CONDITIONAL.personality, [
      load(argumentAt(0)),
      ...PERSONALITIES.flatMap((persona) => [when(EQUAL, persona, 1), allow]),
      deny,
    ]),
    ...ranges(Object.values(ALLOWED).flatMap((group) => Object.values(group))).flatMap(([first, last]) => [
      [AT_LEAST, 0, 2, first] as const,
      [ABOVE, 1, 0, last] as const,
      allow,
    ]),
    deny,
  ]
  const bytes = Buffer.alloc(instructions.length * 8)
  instructions.forEach(([code, ifTrue, ifFalse, operand], index) => {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(ifTrue, index * 8 + 2)
    bytes.writeUInt8(ifFalse, index * 8 + 3)
    bytes.writeUInt32LE(operand, index * 8 + 4)
  })
  return bytes
}

/** Numbers as runs of consecutive ones. */
function ranges(numbers: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] >= number - 1) run[1] = number
    else runs.push([number, number])
  }
  return runs
}
