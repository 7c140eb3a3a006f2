import { chmod, copyFile, mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../clock.js'
import { diskError } from '../../content/writeAtomically.js'
import { runtimeError } from '../../errors/codes/runtime.js'
import { classify, type ProgramExit } from '../classify.js'
import { DirectoryOutput } from '../DirectoryOutput.js'
import { GuardedProcess } from '../GuardedProcess.js'
import { LogTail } from '../LogTail.js'
import { prepareJob, type PreparedJob } from '../prepareJob.js'
import { isLate, probe, probeCommand } from '../probe.js'
import { childrenOf, treeUsage } from '../processTree.js'
import type { RunJob, Runtime, RuntimeCheck } from '../Runtime.js'
import type { RunOutcome, Verdict } from '../RunOutcome.js'
import { sandboxCommand, STAGED_OUT, type StagedFiles } from './sandboxCommand.js'
import { seccompFilter } from './seccomp.js'
import { StageReport } from './StageReport.js'

/** Options of {@link BubblewrapRuntime}. */
export interface BubblewrapOptions {
  /** Where jobs keep their files while they run; default the system's temporary directory. */
  readonly workDirectory?: string
}

const MONITOR_MS = 20
// Files, links and directories in /out; each costs the machine memory that the size of /out does not count.
const MAX_OUT_ENTRIES = 16_384
const SETUP_MS = 30_000
// What the clock of the sandbox, which counts hundredths of a second, may differ by.
const TICK_SECONDS = 0.02

/**
 * Namespaces only: the program shares the host's kernel, so this is for development and for programs one trusts. Fast,
 * and `limits.cores` bounds processor time but not the number of processors. Source: design section 8.
 */
export class BubblewrapRuntime implements Runtime {
  readonly name = 'bubblewrap'
  readonly #workDirectory: string

  constructor(options: BubblewrapOptions = {}) {
    this.#workDirectory = options.workDirectory ?? tmpdir()
  }

  async check(): Promise<RuntimeCheck> {
    const version = await probeCommand('bwrap', ['--version'])
    if (version === undefined) {
      return { available: false, reason: 'bubblewrap is not installed', fix: 'apt-get install bubblewrap' }
    }
    const outcome = await probe(this, this.#workDirectory)
    if (outcome.kind === 'valid')
      return {
        available: true,
        details: { bubblewrap: version, isolation: 'namespaces and a filter of system calls, shared kernel' },
      }
    return {
      available: false,
      reason: `a test program did not run (${outcome.kind}): ${outcome.log.trim()}`,
      fix: 'Allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0. In a container of Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined; of Kubernetes: procMount: Unmasked',
      isLate: isLate(outcome),
    }
  }

  async run(job: RunJob): Promise<RunOutcome> {
    const prepared = await prepareJob(job)
    if ((job.limits.gpus ?? []).length > 0)
      throw runtimeError('RUNTIME_UNAVAILABLE', 'the runtime bubblewrap lends no graphics cards', {
        details: { fix: 'Use the runtime nanos.' },
      })
    const directory = await mkdtemp(join(this.#workDirectory, 'gevulot-job-'))
    try {
      const staged = await stage(directory, prepared).catch((error: unknown) => {
        throw diskError(error, directory)
      })
      return await this.#runStaged(job, prepared, staged)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async #runStaged(job: RunJob, prepared: PreparedJob, staged: StagedFiles): Promise<RunOutcome> {
    const began = performance.now()
    let started = began
    let stopped: number | undefined
    let peakKiB = 0
    let cpuSeconds = 0
    const log = new LogTail(job.limits.logBytes, job.onLog)
    const report = new StageReport()
    const sandbox = new GuardedProcess<'timeout' | 'out-of-memory' | 'disk-full' | 'setup'>({
      ...sandboxCommand(job, prepared, staged),
      onOutput: (bytes) => log.write(bytes),
      onReport: (bytes) => report.write(bytes),
      ...(job.signal && { signal: job.signal }),
    })
    const setup = sandbox.deadline(SETUP_MS, 'setup')
    const gone = sandbox.ended.then(() => undefined)

    const judge = async (): Promise<Verdict | undefined> => {
      await Promise.race([report.stage, gone])
      // The only child of the outer sandbox: the first process of its namespace, which knows itself as number 1.
      const [stage] = childrenOf(sandbox.pid)
      if (stage === undefined) return undefined
      setup.abort()
      started = performance.now()
      const { seconds } = job.limits
      const limit = new AbortController()
      const endAtLimit = async (): Promise<void> => {
        await systemClock.sleep(seconds * 1000, AbortSignal.any([limit.signal, sandbox.over]))
        // Where this process was held up, what it was told in time lies there unread: one turn of the event loop reads it.
        await systemClock.sleep(1, limit.signal)
        sandbox.kill('timeout')
      }
      // It ends by an error: the program has ended.
      endAtLimit().catch(() => undefined)
      const out = `/proc/${stage}/root${STAGED_OUT}`
      const watch = async (): Promise<void> => {
        for (;;) {
          const { memoryKiB, ...used } = treeUsage(stage)
          peakKiB = Math.max(peakKiB, memoryKiB)
          cpuSeconds = Math.max(cpuSeconds, used.cpuSeconds)
          if (memoryKiB > job.limits.memoryMiB * 1024) sandbox.kill('out-of-memory')
          const { files, ffree } = await statfs(out)
          if (files - ffree > MAX_OUT_ENTRIES) sandbox.kill('disk-full')
          await systemClock.sleep(MONITOR_MS, sandbox.over)
        }
      }
      // It ends by an error: the process is gone.
      watch().catch(() => undefined)
      await Promise.race([report.done, gone])
      stopped = performance.now()
      limit.abort()
      // One turn of the event loop, in which what the program wrote last is read.
      await systemClock.sleep(1)
      const exit = exitOf(report, peakKiB > job.limits.memoryMiB * 1024 * 0.9, log)
      if (sandbox.over.aborted || exit === undefined) return undefined
      // Nobody gains time by that: what may have been read too late counts if it was told in time.
      const isInTime = stopped - began <= seconds * 1000 || (report.seconds ?? Infinity) <= seconds + TICK_SECONDS
      if (!isInTime) return { kind: 'timeout' }
      return classify(job, prepared.nonce, exit, await DirectoryOutput.open(out), log.text())
    }

    const judged = judge()
    await judged.catch(() => undefined)
    sandbox.release()
    const end = await sandbox.ended
    // What fails because the sandbox was killed under it is no news; any other failure comes out here.
    const verdict: Verdict =
      end.killed === undefined || end.killed === 'setup'
        ? ((await judged) ?? { kind: 'runtime-failed', reason: unset(end.error), isLate: end.killed === 'setup' })
        : { kind: end.killed }
    const ended = stopped ?? performance.now()
    return {
      ...verdict,
      log: log.text(),
      usage: {
        startSeconds: (started - began) / 1000,
        wallSeconds: (ended - started) / 1000,
        peakMemoryMiB: peakKiB / 1024,
        cpuSeconds,
      },
    }
  }
}

function unset(error: Error | undefined): string {
  return `the sandbox could not be set up; ${error?.message ?? 'see the log'}`
}

/** The filter, and `/in` as a directory that any user id can read, whatever the modes of the caller's files. */
async function stage(directory: string, prepared: PreparedJob): Promise<StagedFiles> {
  const filter = join(directory, 'filter')
  await writeFile(filter, seccompFilter())
  const inDirectory = join(directory, 'in')
  await mkdir(inDirectory)
  await writeFile(join(inDirectory, 'job.json'), prepared.jobJson)
  await chmod(join(inDirectory, 'job.json'), 0o444)
  if (prepared.taskJson !== undefined) {
    await writeFile(join(inDirectory, 'task.json'), prepared.taskJson)
    await chmod(join(inDirectory, 'task.json'), 0o444)
  }
  for (const { name, path } of prepared.inputs) {
    await copyFile(path, join(inDirectory, name), constants.COPYFILE_FICLONE)
    await chmod(join(inDirectory, name), 0o444)
  }
  await chmod(inDirectory, 0o755)
  return { inDirectory, filter }
}

/** bwrap reports signal n as exit code 128 + n, as shells do. */
function exitOf(report: StageReport, memoryExhausted: boolean, log: LogTail): ProgramExit | undefined {
  const code = report.exitCode
  if (code === undefined) {
    // Nothing of the program has run yet, so this line is bwrap's own: the file is no program for this machine.
    return /^bwrap: execvp /m.test(log.text()) ? { code: 127, memoryExhausted } : undefined
  }
  return code > 128 && code <= 192 ? { signal: code - 128, memoryExhausted } : { code, memoryExhausted }
}
