import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A port of this machine that leads to another, and can swallow what comes: to whoever uses it the other side is gone, and no connection breaks. */
export class Bottleneck {
  isSilent = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (bytes: Buffer) => {
          if (!this.isSilent) to.write(bytes)
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

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
