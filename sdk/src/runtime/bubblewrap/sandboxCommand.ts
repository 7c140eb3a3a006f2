import { lstatSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { PreparedJob } from '../prepareJob.js'
import type { RunJob } from '../Runtime.js'

/** Where the outputs are, seen from inside the outer sandbox. */
export const STAGED_OUT = '/stage/out'

// Threads count as processes here. Enough for a thread per core on a large machine; a fork bomb ends at it.
const MAX_PROCESSES = 512
// Nobody's user ids: above those of systemd's containers, below the sign bit. Source: systemd's UIDS-GIDS.md.
const FIRST_FREE_UID = 1_900_000_000
const INNER_ID = '65534'

/** What a run puts on this machine for the sandbox to see. */
export interface StagedFiles {
  /** `/in` */
  readonly inDirectory: string
  /** The filter of system calls. */
  readonly filter: string
}

// Root's bwrap would cover parts of a procfs that it mounts, and where the only procfs that a user can see is covered,
// the kernel lets that user mount none: the inner sandbox could not be made.
const MOUNT_PROC = `
mount -t proc -o nosuid,nodev,noexec proc /proc || exit`

/**
 * Reports to us on descriptor 3, with the time, runs the program, and then stays until standard input is closed: `/stage/out` lives in
 * this process's mount namespace, and the outputs are read from there.
 */
const STAGE_SCRIPT = `
tell() { read -r now _ </proc/uptime; echo "$1 $now" >&3; }
if [ "$0" = workspace ]; then
  for file in /stage/in/*; do ln -s "/in/\${file##*/}" /stage/out; done
fi
tell stage
"$@" </dev/null 4</stage/filter
tell done
read -r _`

/**
 * The command line of a run: two sandboxes, one in the other.
 *
 * - The outer one sees `/usr` (for a shell, prlimit and bwrap), the package and the inputs; it mounts `/out` as a tmpfs
 *   of the right size, and outlives the program so that the outputs can be collected. It is a process namespace whose first
 *   process stays in our group: killing the group ends everything within, wherever it stood with setting up the inner one.
 *   Its /proc is that of its own processes: the inner bwrap looks there for its child by the number that the child has here.
 * - The inner one is the program's: new namespaces of every kind, no capabilities, no user namespaces of its own, a filter of
 *   system calls, and a root with nothing in it but the contract's directories. Its process limits count per user, so a worker that
 *   runs as root changes to a user id that nobody has; otherwise the outer user namespace already separates the count.
 */
export function sandboxCommand(
  job: RunJob,
  prepared: PreparedJob,
  staged: StagedFiles,
): { command: string; args: string[] } {
  const { limits } = job
  const outBytes = limits.outputMiB * 2 ** 20
  const root = process.getuid?.() === 0
  const outer = [
    '--die-with-parent', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-pid', '--as-pid-1',
    ...hostPrograms(),
    ...(root ? ['--dir', '/proc'] : ['--proc', '/proc']), '--dev', '/dev', '--dir', '/tmp',
    '--perms', '0755', '--tmpfs', '/stage',
    '--ro-bind', job.package.files, '/stage/app',
    '--ro-bind', staged.inDirectory, '/stage/in', '--ro-bind', staged.filter, '/stage/filter',
    '--perms', '0777', '--size', String(outBytes), '--tmpfs', STAGED_OUT,
    '--', 'sh', '-c', root ? MOUNT_PROC + STAGE_SCRIPT : STAGE_SCRIPT, prepared.taskJson === undefined ? 'out' : 'workspace',
  ] // prettier-ignore
  const bounds = [
    'prlimit',
    `--cpu=${Math.ceil(limits.seconds * limits.cores) + 1}`,
    // The monitor enforces the limit of memory that is used; this one ends what grows faster than it looks. Far above
    // the limit, because V8 and other engines reserve much address space that they never use.
    `--data=${limits.memoryMiB * 4 * 2 ** 20 + 2 ** 33}`,
    // Above the size of /out, which answers "no space" where this one kills. Bounds memory files too.
    `--fsize=${outBytes + 2 ** 20}`,
    `--nproc=${MAX_PROCESSES}`,
    '--nofile=1024',
    '--core=0',
    '--msgqueue=0',
  ]
  const inner = [
    'bwrap', '--unshare-all', '--unshare-user', '--disable-userns', '--uid', INNER_ID, '--gid', INNER_ID,
    '--hostname', 'gevulot', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--json-status-fd', '3', '--seccomp', '4',
    '--ro-bind', '/stage/app', '/app', '--ro-bind', '/stage/in', '/in', '--bind', STAGED_OUT, '/out',
    ...(prepared.taskJson === undefined ? [] : ['--bind', STAGED_OUT, '/workspace']),
    '--proc', '/proc', '--dev', '/dev',
    // A dynamic program finds the loader and the libraries that its package ships.
    '--symlink', 'app/lib', '/lib', '--symlink', 'app/lib64', '/lib64', '--symlink', 'app/usr', '/usr',
    '--remount-ro', '/dev', '--remount-ro', '/',
    '--clearenv', ...Object.entries(prepared.env).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir', '/out', '--', ...prepared.argv,
  ] // prettier-ignore
  return { command: 'bwrap', args: [...outer, ...(root ? asNobody() : []), ...bounds, ...inner] }
}

/** Root's files are not the program's business even if it breaks out: another user id for each run. */
function asNobody(): string[] {
  const id = String(FIRST_FREE_UID + Math.floor(Math.random() * 2 ** 24))
  return ['setpriv', '--reuid', id, '--regid', id, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
}

/** `/usr`, and the top-level directories that lead into it (or stand beside it on older systems). */
function hostPrograms(): string[] {
  const args = ['--ro-bind', '/usr', '/usr']
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const path = join('/', name)
    const info = lstatSync(path, { throwIfNoEntry: false })
    if (info?.isSymbolicLink() === true) args.push('--symlink', readlinkSync(path), path)
    else if (info !== undefined) args.push('--ro-bind', path, path)
  }
  return args
}
