import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { code as dagPb, encode, prepare, type PBNode } from '@ipld/dag-pb'
import { MemoryBlockstore } from 'blockstore-core'
import { UnixFS } from 'ipfs-unixfs'
import { exporter } from 'ipfs-unixfs-exporter'
import { importByteStream } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

type Directory = Map<string, CID | Directory>

/**
 * An IPFS node without a network: real blocks, UnixFS and CIDs, of IPFS's own libraries, behind a gateway (`/ipfs/…`) and the commands of Kubo's RPC
 * that content stores use (`/api/v0/…`). A node of the JavaScript implementation weighs 300 MB; what is missing here is its network alone.
 */
export class IpfsNode {
  readonly blocks = new MemoryBlockstore()
  /** Requests, `POST /api/v0/add` and the like. */
  readonly requests: string[] = []
  readonly files: Directory = new Map()
  /** Takes an answer in hand before the node does; true: it is done. */
  meddle: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  /** What the RPC asks for; empty: nothing. */
  authorization = ''
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const { method = '', url = '' } = request
      this.requests.push(`${method} ${url.split('?')[0] ?? ''}`)
      if (this.meddle(request, response)) return
      this.#answer(request, response).catch((error: unknown) => {
        if (response.headersSent) return response.destroy()
        return response.writeHead(500).end(JSON.stringify({ Message: String(error), Code: 0, Type: 'error' }))
      })
    })
  }

  static async start(): Promise<IpfsNode> {
    const node = new IpfsNode()
    await new Promise<void>((resolve) => node.#server.listen(0, '127.0.0.1', resolve))
    return node
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url)
    const command = /^\/api\/v0\/(.+)$/.exec(url.pathname)?.[1]
    if (command === undefined) return this.#serve(request, response, url)
    if (request.method !== 'POST') return void response.writeHead(405).end()
    if ((request.headers.authorization ?? '') !== this.authorization) return void response.writeHead(403).end()
    const [first = '', second = ''] = url.searchParams.getAll('arg')
    switch (command) {
      case 'add': {
        const body = new Response(Buffer.concat(await request.toArray()), { headers: { 'content-type': request.headers['content-type'] ?? '' } }) // prettier-ignore
        const file = (await body.formData()).get('file') as File
        const chunkSize = Number(/^size-(\d+)$/.exec(url.searchParams.get('chunker') ?? 'size-262144')?.[1])
        const { cid } = await importByteStream([new Uint8Array(await file.arrayBuffer())], this.blocks, {
          ...{ cidVersion: 1, rawLeaves: url.searchParams.get('raw-leaves') === 'true', reduceSingleLeafToSelf: true },
          chunker: fixedSize({ chunkSize }),
        })
        return void response.end(JSON.stringify({ Name: file.name, Hash: cid.toString(), Size: String(file.size) }))
      }
      case 'files/mkdir':
        this.#directory(first)
        return void response.end()
      case 'files/cp': {
        const name = second.split('/').at(-1) ?? ''
        const parent = this.#directory(second.slice(0, -name.length - 1))
        if (parent.has(name)) throw new Error('directory already has entry by that name')
        parent.set(name, first.startsWith('/ipfs/') ? CID.parse(first.slice(6)) : this.#find(first))
        return void response.end()
      }
      case 'files/stat':
        return void response.end(JSON.stringify({ Hash: (await this.#cidOf(this.#find(first))).toString() }))
      case 'files/read': {
        const offset = Number(url.searchParams.get('offset') ?? 0)
        const entry = await exporter((await this.#cidOf(this.#find(first))).toString(), this.blocks)
        response.writeHead(200, { 'content-type': 'text/plain' })
        if (entry.type !== 'file' && entry.type !== 'raw') throw new Error('this dag node is a directory')
        for await (const chunk of entry.content({ offset }) as AsyncIterable<Uint8Array>) response.write(chunk)
        return void response.end()
      }
      default:
        return void response.writeHead(404).end('404 page not found')
    }
  }

  /** The gateway. */
  async #serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = /^\/ipfs\/(.+)$/.exec(url.pathname)?.[1]
    const entry = path === undefined ? undefined : await exporter(path, this.blocks).catch(() => undefined)
    if (entry === undefined || (entry.type !== 'file' && entry.type !== 'raw'))
      return void response.writeHead(404).end()
    const size = Number(entry.size)
    // Kubo's tag of a file is its CID.
    const etag = `"${entry.cid.toString()}"`
    const isOther = ![undefined, etag].includes(request.headers['if-range'] as string | undefined)
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(isOther ? '' : (request.headers.range ?? '')) ?? []
    const from = Number(first ?? 0)
    const end = Math.min(last ? Number(last) + 1 : size, size)
    response.writeHead(first === undefined ? 200 : 206, {
      ...{ 'content-length': end - from, etag },
      ...(first !== undefined && { 'content-range': `bytes ${from}-${end - 1}/${size}` }),
    })
    if (request.method === 'HEAD') return void response.end()
    const content = entry.content({ offset: from, length: end - from }) as AsyncIterable<Uint8Array>
    for await (const chunk of content) response.write(chunk)
    response.end()
  }

  #directory(path: string): Directory {
    let directory = this.files
    for (const name of path.split('/').filter(Boolean)) {
      const next = directory.get(name) ?? new Map<string, CID | Directory>()
      if (next instanceof CID) throw new Error(`${name} is no directory`)
      directory.set(name, next)
      directory = next
    }
    return directory
  }

  #find(path: string): CID | Directory {
    let found: CID | Directory | undefined = this.files
    for (const name of path.split('/').filter(Boolean)) found = found instanceof Map ? found.get(name) : undefined
    if (found === undefined) throw new Error('file does not exist')
    return found
  }

  async #cidOf(entry: CID | Directory): Promise<CID> {
    if (!(entry instanceof Map)) return entry
    const links: PBNode['Links'] = []
    for (const [name, child] of entry) links.push({ Name: name, Hash: await this.#cidOf(child), Tsize: 0 })
    const bytes = encode(prepare({ Data: new UnixFS({ type: 'directory' }).marshal(), Links: links }))
    const cid = CID.createV1(dagPb, await sha256.digest(bytes))
    await this.blocks.put(cid, bytes)
    return cid
  }
}
