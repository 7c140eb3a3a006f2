import { access, constants, mkdir, statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '../content/digest.js'
import { isStore, openPlace, type PlaceOptions } from '../content/openPlace.js'
import { deploymentOf } from '../chain/deployment.js'
import { readDeploymentRecord } from '../chain/readDeploymentRecord.js'
import { rpcProvider } from '../chain/rpcProvider.js'
import { findGpus } from '../runtime/gpu/findGpus.js'
import { createRuntime } from '../runtime/createRuntime.js'
import { canVirtualise, closedKvm } from '../runtime/microvm/accel.js'
import type { RuntimeName } from '../runtime/Runtime.js'
import { formatBytes } from './format.js'

/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  /** `unknown`: it is not configured, or it is a figure without good or bad. */
  readonly state: 'ok' | 'missing' | 'unknown'
  readonly what: string
  /** What to do about it. */
  readonly fix?: string
  /** Whether the machine is no good without it. */
  readonly needed: boolean
}

/** What to look at. */
export interface Examination {
  readonly cacheDirectory: string
  readonly needed: RuntimeName
  /** Endpoints, the preferred one first. */
  readonly rpcUrls?: readonly string[]
  readonly deployment?: string
  readonly store?: string
  /** What the store needs beside its name. */
  readonly places?: PlaceOptions
  readonly signal: AbortSignal
  readonly onStart?: (what: string) => void
}

const RUNTIMES: readonly RuntimeName[] = ['linux', 'nanos', 'bubblewrap']
const LEAST_NODE = [20, 19] as const
const RPC_TIMEOUT_MS = 5_000
const LEAST_DISK_BYTES = 10 * 2 ** 30

/** Looks at the machine part by part. What fails is a finding, not an error. */
export async function examineMachine(examination: Examination): Promise<Finding[]> {
  const findings = [nodeFinding(), processorFinding(), memoryFinding(), await diskFinding(examination.cacheDirectory)]
  findings.push(await kvmFinding(), await graphicsFinding())
  for (const name of RUNTIMES) {
    examination.signal.throwIfAborted()
    examination.onStart?.(`the runtime ${name}`)
    findings.push(await runtimeFinding(name, examination))
  }
  examination.onStart?.('endpoint and store')
  findings.push(...(await endpointFindings(examination)), await storeFinding(examination))
  return findings
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])
  const what = `Node.js ${process.versions.node}`
  if (enough) return { name: 'node', state: 'ok', what, needed: true }
  return {
    name: 'node',
    state: 'missing',
    what,
    fix: `Install Node.js ${LEAST_NODE.join('.')} or newer.`,
    needed: true,
  }
}

function processorFinding(): Finding {
  return { name: 'cores', state: 'ok', what: `${availableParallelism()} to use`, needed: false }
}

function memoryFinding(): Finding {
  return { name: 'memory', state: 'ok', what: formatBytes(totalmem()), needed: false }
}

async function diskFinding(cache: string): Promise<Finding> {
  try {
    await mkdir(cache, { recursive: true })
    await access(cache, constants.W_OK)
    const { bavail, bsize } = await statfs(cache)
    const free = bavail * bsize
    const what = `${formatBytes(free)} free in ${cache}`
    if (free >= LEAST_DISK_BYTES) return { name: 'disk', state: 'ok', what, needed: false }
    return {
      name: 'disk',
      state: 'missing',
      what,
      fix: 'Free 10 GiB: packages, inputs and proofs are kept here.',
      needed: false,
    }
  } catch {
    return {
      name: 'disk',
      state: 'missing',
      what: `${cache} cannot be written`,
      fix: 'Set XDG_CACHE_HOME to a directory that can.',
      needed: true,
    }
  }
}

/** Whether it is worth trying; what a test program under it said stands with the runtimes. */
async function kvmFinding(): Promise<Finding> {
  const able = await canVirtualise()
  const closed = await closedKvm()
  const usable = closed === undefined && (await access('/dev/kvm').then(() => true, () => false)) // prettier-ignore
  if (able && usable)
    return { name: 'kvm', state: 'ok', what: '/dev/kvm is there; the runtimes say whether it is used', needed: false }
  const what = able
    ? (closed ?? '/dev/kvm is not there')
    : 'the processor shows no virtualisation; programs are emulated, several times slower'
  const fix = able
    ? 'Join the group kvm, and load kvm_amd or kvm_intel.'
    : 'Turn on virtualisation in the firmware, or use a machine that shows it.'
  return { name: 'kvm', state: 'missing', what, fix, needed: false }
}

/** Graphics cards, and whether a virtual machine can have one. */
async function graphicsFinding(): Promise<Finding> {
  const common = { name: 'graphics', needed: false }
  const cards = await findGpus()
  if (cards.length === 0) return { ...common, state: 'unknown', what: 'no card on the bus' }
  const what = cards
    .map(({ address, id, ...card }) => `${address} (${id})${card.ready ? '' : `: ${card.reason}`}`)
    .join(', ')
  const broken = cards.find((card) => !card.ready)
  if (broken === undefined) return { ...common, state: 'ok', what: `${what} can be lent to programs (gpus)` }
  return { ...common, state: 'missing', what, fix: broken.fix }
}

async function runtimeFinding(name: RuntimeName, { cacheDirectory, needed }: Examination): Promise<Finding> {
  const common = { name, needed: name === needed }
  try {
    const check = await createRuntime(name, { cacheDirectory: join(cacheDirectory, 'runtime') }).check()
    if (!check.available) return { ...common, state: 'missing', what: check.reason, fix: check.fix }
    const what = Object.entries(check.details).map(([key, value]) => `${key} ${value}`).join(', ') // prettier-ignore
    return { ...common, state: 'ok', what: `a test program ran; ${what}` }
  } catch (error) {
    const fix = 'Look at what the message names; if nothing is wrong with it, report it.'
    return { ...common, state: 'missing', what: messageOf(error), fix }
  }
}

async function endpointFindings({ rpcUrls, deployment }: Examination): Promise<Finding[]> {
  if (rpcUrls === undefined || deployment === undefined) {
    return [{ name: 'endpoint', state: 'unknown', what: 'not configured (rpcUrl and deployment)', needed: false }]
  }
  return Promise.all(
    rpcUrls.map((url, index) => endpointFinding(index === 0 ? 'endpoint' : `endpoint ${index + 1}`, url, deployment)),
  )
}

async function endpointFinding(name: string, rpcUrl: string, deployment: string): Promise<Finding> {
  try {
    const { chainId } = deploymentOf(await readDeploymentRecord(deployment))
    const provider = rpcProvider(rpcUrl, chainId, { timeoutMs: RPC_TIMEOUT_MS })
    try {
      const [have, block] = await Promise.all([
        provider.send('eth_chainId', []) as Promise<string>,
        provider.getBlockNumber(),
      ])
      if (Number(have) === chainId) return { name, state: 'ok', what: `chain ${chainId}, block ${block}`, needed: true }
      const what = `it serves chain ${Number(have)}, the deployment is on ${chainId}`
      return {
        name,
        state: 'missing',
        what,
        fix: 'Configure an endpoint of that chain, or its deployment record.',
        needed: true,
      }
    } finally {
      provider.destroy()
    }
  } catch (error) {
    // The URL may hold a key: it is not repeated.
    const what = error instanceof Error && 'shortMessage' in error ? 'it does not answer' : messageOf(error)
    return {
      name,
      state: 'missing',
      what,
      fix: 'Check the address, and that the node is in sync.',
      needed: true,
    }
  }
}

async function storeFinding({ store, places = {} }: Examination): Promise<Finding> {
  if (store === undefined) return { name: 'store', state: 'unknown', what: 'not configured (store)', needed: false }
  try {
    const source = openPlace(store, { ...places, attempts: 1 })
    const signal = AbortSignal.timeout(RPC_TIMEOUT_MS)
    if (!isStore(source)) {
      await source.has(digestOf(Buffer.alloc(0)), { signal })
      return { name: 'store', state: 'ok', what: 'the server answers', needed: true }
    }
    await source.put(Buffer.alloc(0), { signal })
    return { name: 'store', state: 'ok', what: `${source.name} can be written`, needed: true }
  } catch (error) {
    return {
      name: 'store',
      state: 'missing',
      what: messageOf(error),
      fix: 'Check its address, or its permissions.',
      needed: true,
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
