import { readdirSync, readFileSync } from 'node:fs'

/** What a tree of processes holds at one moment. */
export interface TreeUsage {
  readonly processes: number
  /** Memory of their own: anonymous and shared, without the pages of files. */
  readonly memoryKiB: number
  /** Processor time so far, also of descendants that ended and were waited for. */
  readonly cpuSeconds: number
}

// Linux reports to user space in hundredths of a second on every machine.
const TICKS_PER_SECOND = 100

/**
 * Adds up the descendants of a process. Synchronous on purpose: a few small reads from /proc that give one consistent
 * picture. A process that ends meanwhile is left out.
 */
export function treeUsage(root: number): TreeUsage {
  let processes = 0
  let memoryKiB = 0
  let ticks = 0
  const open = [root]
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    try {
      open.push(...listChildren(pid))
      const status = readFileSync(`/proc/${pid}/status`, 'latin1')
      memoryKiB += fieldOf(status, 'RssAnon') + fieldOf(status, 'RssShmem')
      // Behind the name in brackets, which may hold anything: user, system, and the same of children, fields 14 to 17.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      for (const field of fields.slice(11, 15)) ticks += Number(field)
      processes++
    } catch {
      continue
    }
  }
  return { processes, memoryKiB, cpuSeconds: ticks / TICKS_PER_SECOND }
}

/** The children of a process; none if it is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return listChildren(pid)
  } catch {
    return []
  }
}

function listChildren(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
}

function fieldOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
}
