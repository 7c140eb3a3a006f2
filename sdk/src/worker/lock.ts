import { mkdir, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { workerError } from '../errors/codes/worker.js'

/** A lock that is held until it is released or the process ends. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Locks a data directory against a second worker or validator on this machine.
 * @throws GevulotError WORKER_LOCKED
 */
export async function lockDirectory(path: string): Promise<Lock> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { dev, ino } = await stat(path)
  return lockName(`directory/${dev}-${ino}`, `the data directory ${path} is in use by another worker or validator`)
}

/**
 * Locks an account on one chain against a second worker or validator on this machine.
 * @throws GevulotError WORKER_LOCKED
 */
export async function lockAccount(chainId: number, address: string): Promise<Lock> {
  const name = `account/${chainId}-${address.toLowerCase()}`
  return lockName(name, `another worker or validator acts for ${address} on chain ${chainId}`)
}

/**
 * Takes a name in the kernel's abstract socket namespace. Unlike a lock file it cannot be left behind: the kernel frees it
 * with the process, however that ends.
 */
function lockName(name: string, refusal: string): Promise<Lock> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (cause) => reject(workerError('WORKER_LOCKED', refusal, { cause })))
    server.listen(`\0gevulot-worker/${name}`, () => {
      server.unref()
      resolve({ release: () => close(server) })
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
