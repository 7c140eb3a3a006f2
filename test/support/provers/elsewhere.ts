/**
 * The real worker as if it ran on another machine: the names in the kernel by which workers of one machine keep out of each other's way are its own.
 */
import { Server } from 'node:net'

const listen = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server
Reflect.set(Server.prototype, 'listen', function (this: Server, first: unknown, ...rest: unknown[]): Server {
  const name = typeof first === 'string' && first.startsWith('\0') ? `${first}@${process.pid}` : first
  return Reflect.apply<Server, unknown[], Server>(listen, this, [name, ...rest])
})
await import('../../../sdk/src/worker/main.js')
