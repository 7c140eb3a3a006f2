import { mkdir, stat } from 'node:fs/promises'
import { workerError } from '../errors/codes/worker.js'
import { lockName, type Lock } from '../lockName.js'

export type { Lock }

/**
 * Locks a data directory against a second worker or validator on this machine.
 * @throws GevulotError WORKER_LOCKED
 */
export async function lockDirectory(path: string): Promise<Lock> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { dev, ino } = await stat(path)
  return held(`directory/${dev}-${ino}`, `the data directory ${path} is in use by another worker or validator`)
}

/**
 * Locks an account on one chain against a second worker or validator on this machine.
 * @throws GevulotError WORKER_LOCKED
 */
export async function lockAccount(chainId: number, address: string): Promise<Lock> {
  const name = `account/${chainId}-${address.toLowerCase()}`
  return held(name, `another worker or validator acts for ${address} on chain ${chainId}`)
}

async function held(name: string, refusal: string): Promise<Lock> {
  try {
    return await lockName(`worker/${name}`)
  } catch (cause) {
    throw workerError('WORKER_LOCKED', refusal, { cause })
  }
}
