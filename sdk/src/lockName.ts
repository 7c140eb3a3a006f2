import { createServer, type Server } from 'node:net'

/** A lock that is held until it is released or the process ends. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Takes a name in the kernel's abstract socket namespace, of Linux and of this machine (of its network namespace: containers do not see each other's). Unlike a lock file it cannot be left behind: the kernel
 * frees it with the process, however that ends.
 * @param name At most 90 characters.
 * @throws what the kernel says, when another process or this one holds it
 */
export function lockName(name: string): Promise<Lock> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(`\0gevulot-${name}`, () => {
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
