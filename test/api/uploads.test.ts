import { request as httpRequest } from 'node:http'

import { expect } from 'chai'

import { MAX_UPLOAD_BYTES } from '../../sdk/src/api/server/upload.js'
import type { PutProgress } from '../../sdk/src/content/ContentStore.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { TestApi } from '../support/api.js'
import { rejected } from '../support/rejected.js'
import { startNetwork, type Network } from '../support/network.js'

interface Answer {
  readonly status: number
  readonly code: string | undefined
}

describe('api: content that clients put into the store', function () {
  this.timeout(120_000)
  let network: Network
  let api: TestApi

  before(async () => {
    network = await startNetwork()
    api = await TestApi.start(network)
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  /** Puts bytes without the SDK's client. */
  async function put(digest: string, body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${api.url}/v1/content/${digest}`, { method: 'PUT', headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const said = JSON.parse(Buffer.concat(chunks).toString()) as { readonly error?: { readonly code: string } }
          resolve({ status: response.statusCode ?? 0, code: said.error?.code })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  it('keeps them for provers, larger than a body may be, empty ones too, and counts each once', async () => {
    const client = await api.as()
    const large = Buffer.alloc(6 * 2 ** 20, 7)
    for (const content of [large, new Uint8Array(), large]) {
      const { digest, size } = await client.putContent(content)
      expect({ digest, size }).to.deep.equal({ digest: digestOf(content), size: content.length })
      const response = await fetch(`${api.url}/v1/content/${digest}`)
      expect(digestOf(new Uint8Array(await response.arrayBuffer()))).to.equal(digest)
    }
    const { uploadPerDay, uploadLeft } = await client.getAllowance({})
    expect(uploadPerDay - uploadLeft).to.equal(large.length)
    expect((await client.getAccount({})).uploads).to.deep.equal({ count: 2, bytes: large.length })
  })

  it('tells how far they have come, and that all is there only once the server has said so', async () => {
    const client = await api.as({ uploadPerDay: 20 * 2 ** 20 })
    const large = Buffer.alloc(8 * 2 ** 20, 9)
    const told: PutProgress[] = []
    const onProgress = (progress: PutProgress): void => void told.push(progress)
    expect(await client.putContent(large, { onProgress })).to.deep.equal({
      digest: digestOf(large),
      size: large.length,
    })
    expect(told.length).to.be.above(8)
    for (const [index, { stored, total }] of told.entries()) {
      expect(total).to.equal(large.length)
      if (index > 0) expect(stored).to.be.above(told[index - 1]!.stored)
    }
    expect(told.at(-1)).to.deep.equal({ stored: large.length, total: large.length })
    expect(digestOf(new Uint8Array(await (await fetch(`${api.url}/v1/content/${digestOf(large)}`)).arrayBuffer()))).to.equal(digestOf(large)) // prettier-ignore
    // Nothing of it has to be sent, and there is nothing of nothing.
    for (const content of [large, new Uint8Array()]) {
      told.length = 0
      await client.putContent(content, { onProgress })
      expect(told.at(-1)).to.deep.equal({ stored: content.length, total: content.length })
    }
    told.length = 0
    const more = Buffer.alloc(16 * 2 ** 20, 1)
    await rejected(client.putContent(more, { onProgress }), 'API_LIMIT_REACHED')
    expect(told.map(({ stored }) => stored)).not.to.include(more.length)
  })

  it('keeps to the limit of a key, also when uploads race, and what broke off does not count', async () => {
    const client = await api.as({ uploadPerDay: 3_000 })
    const contents = Array.from({ length: 6 }, (_, index) => Buffer.alloc(1_000, index + 1))
    const outcomes = await Promise.allSettled(contents.map((content) => client.putContent(content)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(3)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).to.include({ code: 'API_LIMIT_REACHED' })
    }
    expect((await client.getAllowance({})).uploadLeft).to.equal(0)
    const other = await api.as({ uploadPerDay: 3_000 })
    const authorization = `Bearer ${other.apiKey}`
    const left = async (bytes: number): Promise<void> => {
      for (let round = 0; round < 1_000 && (await other.getAllowance({})).uploadLeft !== bytes; round++)
        await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const broken = httpRequest(`${api.url}/v1/content/${`ab`.repeat(32)}`, { method: 'PUT', headers: { authorization, 'content-length': '2000' } }) // prettier-ignore
    const closed = new Promise((resolve) => broken.on('error', resolve))
    broken.write(Buffer.alloc(500))
    // Not before the server has counted it: else it would not be seen that it is not counted any more.
    await left(1_000)
    broken.destroy()
    await closed
    await left(3_000)
    expect((await other.getAllowance({})).uploadLeft).to.equal(3_000)
  })

  it('takes nothing without a key, without a length, too large, or under another name than its own', async () => {
    const content = Buffer.from('some content')
    const digest = digestOf(content).slice(2)
    const { apiKey, ...client } = await api.as()
    const authorization = `Bearer ${apiKey}`
    expect(await put(digest, content, {})).to.deep.equal({ status: 401, code: 'API_UNAUTHORISED' })
    expect(await put(digest, content, { authorization, 'transfer-encoding': 'chunked' })).to.include({ code: 'API_REQUEST_INVALID' }) // prettier-ignore
    expect(await put('..%2f..%2fkeys', content, { authorization })).to.include({ status: 400 })
    expect(await put('ab'.repeat(32), content, { authorization })).to.include({ code: 'API_REQUEST_INVALID' })
    const large = await fetch(`${api.url}/v1/content/${'cd'.repeat(32)}`, {
      ...{ method: 'PUT', headers: { authorization }, body: Buffer.alloc(MAX_UPLOAD_BYTES + 1) },
    }).then((response) => response.status, () => 413) // prettier-ignore
    expect(large).to.equal(413)
    expect((await fetch(`${api.url}/v1/content/${'ab'.repeat(32)}`)).status).to.equal(404)
    // What came under a wrong name lies on the disk, and counts.
    expect((await client.getAccount({})).uploads.bytes).to.equal(content.length)
  })

  it('a server that only reads takes none', async () => {
    const reader = await TestApi.start(network, { proxy: false })
    try {
      await rejected((await reader.as()).putContent(Buffer.from('x')), 'API_NOT_FOUND')
    } finally {
      await reader.remove()
    }
  })
})
