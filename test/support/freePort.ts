import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give to who asks for any, and to outgoing connections: 32768 (Linux) and 49152 (others). */
const [FROM, TO] = [12_000, 32_000] as const

/**
 * A port of loopback that is free now, and that nobody gets by chance before it is used: only who asks here could, at
 * one in twenty thousand.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(FROM, TO)
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch {
      continue
    }
    await once(server.close(), 'close')
    return port
  }
  throw new Error('no free port')
}
