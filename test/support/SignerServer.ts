import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import { hashMessage, Transaction, TypedDataEncoder, type TypedDataDomain, type TypedDataField, Wallet } from 'ethers'
import { freePort } from './freePort.js'

/** How a signer answers. */
export type SignerMode =
  | 'honest'
  /** Knows the older name of typed data only, and refuses with status 400, as Web3Signer does. */
  | 'web3signer'
  /** Answers transactions as geth does, `{ raw, tx }`. */
  | 'geth'
  /** Signs typed data with the prefix of messages. */
  | 'messages'
  /** Sends the money elsewhere. */
  | 'thief'
  /** Signs with a key of its own. */
  | 'stranger'
  | 'refuses'
  | 'stalls'
  | 'endless'
  | 'broken'
  | 'nonsense'

interface Question {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

interface Typed {
  readonly domain: TypedDataDomain
  readonly types: Record<string, TypedDataField[]>
  readonly message: Record<string, unknown>
}

const NO_METHOD = { code: -32_601, message: 'Method not found' }

/** An external signer: a real server with a real key, which answers as its mode says. */
export class SignerServer {
  mode: SignerMode = 'honest'
  /** Names of the methods asked for. */
  readonly asked: string[] = []
  /** Headers of the last question. */
  authorization: string | undefined
  readonly #wallet: Wallet
  readonly #server: Server
  // None that the system gives to whoever connects while this one is away.
  readonly #port: number

  private constructor(key: string, port: number) {
    this.#port = port
    this.#wallet = new Wallet(key)
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  /** Listens on a free port of the loopback interface. */
  static async start(key: string): Promise<SignerServer> {
    const server = new SignerServer(key, await freePort())
    await server.resume()
    return server
  }

  /** Where it listens; the same after {@link halt} and {@link resume}. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  get account(): string {
    return this.#wallet.address
  }

  /** Listens (again). */
  async resume(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Goes away: connections are refused until {@link resume}. */
  async halt(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const { id, method, params } = JSON.parse(Buffer.concat(parts).toString()) as Question
    this.asked.push(method)
    this.authorization = request.headers.authorization
    if (this.mode === 'stalls') return
    if (this.mode === 'broken') return void response.writeHead(502).end('bad gateway')
    if (this.mode === 'nonsense') return void response.end('<html>')
    if (this.mode === 'endless') {
      const pour = (): void => {
        while (response.write('0'.repeat(65_536)));
        response.once('drain', pour)
      }
      return pour()
    }
    const answer = await this.#answer(method, params)
    const isRefusal = 'error' in answer
    response.writeHead(isRefusal && this.mode === 'web3signer' ? 400 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  }

  async #answer(method: string, params: readonly unknown[]): Promise<{ result: unknown } | { error: unknown }> {
    const signer = this.mode === 'stranger' ? Wallet.createRandom() : this.#wallet
    if (method === 'eth_accounts') return { result: [this.account.toLowerCase()] }
    if (this.mode === 'refuses') return { error: { code: -32_000, message: 'policy says no' } }
    if (method === 'eth_signTransaction') {
      const { from, gas, ...rest } = params[0] as Record<string, string>
      if (from?.toLowerCase() !== this.account.toLowerCase()) return { error: { code: -32_000, message: 'no key' } }
      const nonce = Number(rest['nonce'])
      const to = this.mode === 'thief' ? Wallet.createRandom().address : rest['to']!
      const raw = await signer.signTransaction({ ...rest, type: 2, to, nonce, gasLimit: gas! })
      return { result: this.mode === 'geth' ? { raw, tx: Transaction.from(raw).toJSON() as unknown } : raw }
    }
    const known = this.mode === 'web3signer' ? 'eth_signTypedData' : 'eth_signTypedData_v4'
    if (method !== known) return { error: NO_METHOD }
    const { domain, types, message } = JSON.parse(String(params[1])) as Typed
    const { EIP712Domain: _, ...own } = types
    if (this.mode !== 'messages') return { result: await signer.signTypedData(domain, own, message) }
    const encoded = Buffer.from(TypedDataEncoder.encode(domain, own, message).slice(2), 'hex')
    return { result: signer.signingKey.sign(hashMessage(encoded)).serialized }
  }
}
