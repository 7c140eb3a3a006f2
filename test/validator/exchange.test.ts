import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { Wallet } from 'ethers'

import {
  signVerdict,
  type Address,
  type Judgment,
  type Verdict,
  type VerdictDomain,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import { askPeer } from '../../sdk/src/validator/exchange/askPeer.js'
import { ballotsOf, type Bench } from '../../sdk/src/validator/exchange/ballotsOf.js'
import { VerdictServer } from '../../sdk/src/validator/exchange/VerdictServer.js'
import { VerdictShelf, type SharedVerdict } from '../../sdk/src/validator/exchange/VerdictShelf.js'
import { rejected } from '../support/rejected.js'

const DOMAIN: VerdictDomain = { chainId: 31_337, committee: `0x${'c0'.repeat(20)}` as Address }
const WORKLOAD = `0x${'11'.repeat(32)}` as WorkloadId
const PROOFS = `0x${'22'.repeat(32)}` as Verdict['proofs']
const [member, stranger] = [Wallet.createRandom(), Wallet.createRandom()]
const never = new AbortController().signal

const JUDGMENT = { attempt: 1, proofs: PROOFS, revealed: 0b11 } as Judgment
const BENCH: Bench = {
  domain: DOMAIN,
  judgment: JUDGMENT,
  members: [0, 1, 2].map((number) => ({ member: number, seat: number + 1, answered: false, vote: 0 })),
  operators: [member.address, stranger.address, member.address] as Address[],
}

async function shared(changes: Partial<Verdict> = {}, domain = DOMAIN, by = member): Promise<SharedVerdict> {
  const verdict = { workload: WORKLOAD, attempt: 1, proofs: PROOFS, valid: 0b01, ...changes }
  return { ...verdict, signature: await signVerdict(by, domain, verdict) }
}

describe('validator: verdicts between validators', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  /** A peer that answers as it likes. */
  async function peer(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  it('one daemon reads what another has signed, and nothing else', async () => {
    const shelf = new VerdictShelf()
    const server = await VerdictServer.listen('127.0.0.1:0', shelf)
    const url = `http://127.0.0.1:${server.port}`
    try {
      expect(await askPeer(url, WORKLOAD, 1, never)).to.equal(undefined)
      const verdict = await shared()
      shelf.put(verdict, 100)
      expect(await askPeer(url, WORKLOAD, 1, never)).to.deep.equal(verdict)
      expect(await askPeer(url, WORKLOAD, 2, never)).to.equal(undefined)
      const path = `/verdicts/${WORKLOAD}/1`
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        expect((await fetch(url + path, { method })).status).to.equal(405)
      }
      for (const wrong of ['/', '/verdicts', `${path}/..`, `${path}?x`, '/verdicts/../../etc/passwd']) {
        expect((await fetch(url + wrong)).status).to.equal(404)
      }
      await rejected(VerdictServer.listen(`127.0.0.1:${server.port}`, shelf), 'VALIDATOR_LISTEN_FAILED')
      shelf.clear(101)
      expect(await askPeer(url, WORKLOAD, 1, never)).to.equal(undefined)
    } finally {
      await server.close()
    }
  })

  it('a peer that is down, redirects, floods, or talks nonsense has no verdict', async () => {
    const verdict = await shared()
    const good = await peer((_, response) => response.end(JSON.stringify(verdict)))
    expect(await askPeer(good, WORKLOAD, 1, never)).to.deep.equal(verdict)
    const listeners: RequestListener[] = [
      (_, response) => response.writeHead(302, { location: good }).end(),
      (_, response) => response.writeHead(500).end(JSON.stringify(verdict)),
      (_, response) => response.end(JSON.stringify({ ...verdict, padding: 'x'.repeat(5_000) })),
      (_, response) => response.end('{'),
      (_, response) => response.end('null'),
      (_, response) => response.end(JSON.stringify({ ...verdict, valid: -1 })),
      (_, response) => response.end(JSON.stringify({ ...verdict, valid: '1' })),
      (_, response) => response.end(JSON.stringify({ ...verdict, signature: '0x12' })),
      (request) => request.socket.destroy(),
    ]
    for (const listener of listeners) {
      expect(await askPeer(await peer(listener), WORKLOAD, 1, never)).to.equal(undefined)
    }
    expect(await askPeer('http://127.0.0.1:9/', WORKLOAD, 1, never)).to.equal(undefined)
  })

  it('a peer that never answers is left alone when the validator stops', async () => {
    const stop = new AbortController()
    const asking = askPeer(await peer(() => stop.abort()), WORKLOAD, 1, stop.signal)
    expect(await asking).to.equal(undefined)
  })

  it('a verdict answers for every member of its signer, and for nobody else', async () => {
    expect(ballotsOf(BENCH, await shared()).map((ballot) => ballot.member)).to.deep.equal([0, 2])
    expect(ballotsOf(BENCH, await shared({}, DOMAIN, Wallet.createRandom()))).to.deep.equal([])
  })

  it('what the contract would refuse is left out: it would make the whole transaction fail', async () => {
    const refused = [
      await shared({ attempt: 2 }),
      await shared({ proofs: `0x${'33'.repeat(32)}` as Verdict['proofs'] }),
      await shared({ valid: 0b100 }),
      await shared({ valid: 2 ** 33 }),
      await shared({}, { ...DOMAIN, chainId: 1 }),
      await shared({}, { ...DOMAIN, committee: `0x${'c1'.repeat(20)}` as Address }),
      { ...(await shared()), valid: 0b10 },
      { ...(await shared()), signature: `0x${'00'.repeat(65)}` as const },
      { ...(await shared()), signature: `0x${'ff'.repeat(65)}` as const },
    ]
    for (const verdict of refused) expect(ballotsOf(BENCH, verdict)).to.deep.equal([])
  })
})
