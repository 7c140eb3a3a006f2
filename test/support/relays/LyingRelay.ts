import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { ActionBody } from '../../../sdk/src/relay/wire.js'

/** A relay that takes every act and carries out none: it keeps what it was given. */
export class LyingRelay {
  readonly bodies: ActionBody[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      // It says nothing of itself.
      if (request.method !== 'POST') return void response.writeHead(404).end()
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        this.bodies.push(JSON.parse(text) as ActionBody)
        const answer = { status: 'mined', transaction: `0x${'ab'.repeat(32)}` }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
    })
  }

  static async start(): Promise<LyingRelay> {
    const relay = new LyingRelay()
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await once(this.#server.close(), 'close')
  }
}
