import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A port of this machine that leads to another, and can swallow what comes: to whoever uses it the other side is gone, and no connection breaks. */
export class Bottleneck {
  isSilent = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #dead = new Set<Socket>()

  private constructor(port: number) {
    // A side that has ended is not answered by itself either: the other may be silent.
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (bytes: Buffer) => {
          if (this.#hears(from)) to.write(bytes)
        })
        from.on('end', () => {
          if (this.#hears(from)) to.end()
        })
        from.on('error', () => undefined)
        from.on('close', () => to.destroy())
      }
    })
  }

  /** @param port Where it leads. */
  static async open(port: number): Promise<Bottleneck> {
    const made = new Bottleneck(port)
    made.#server.listen(0, '127.0.0.1')
    await once(made.#server, 'listening')
    return made
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Another machine takes over behind it: what is open now is never answered again, nor ended; what is opened from now on works. */
  failOver(): void {
    for (const socket of this.#sockets) this.#dead.add(socket)
  }

  #hears(from: Socket): boolean {
    return !this.isSilent && !this.#dead.has(from)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
