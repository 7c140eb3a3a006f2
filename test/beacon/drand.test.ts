import { expect } from 'chai'
import { concat, ZeroAddress, ZeroHash } from 'ethers'
import { deployContract } from '../../sdk/src/deploy/deploy.js'
import {
  fetchRound,
  isDrandBeacon,
  publishRound,
  QUICKNET,
  roundAt,
  timeOfRound,
  verifyRound,
} from '../../sdk/src/beacon/index.js'
import { DrandBeacon__factory } from '../../sdk/src/chain/generated/factories/DrandBeacon__factory.js'
import { DrandServer, type Answer } from '../support/drand/DrandServer.js'
import { ROUNDS } from '../support/drand/rounds.js'
import { startLocalChain, type LocalChain } from '../support/localChain.js'
import { rejected } from '../support/rejected.js'
import { thrown } from '../support/thrown.js'

const signatureOf = (round: number): string => ROUNDS.get(round)!.signature

describe('beacon: rounds of drand', () => {
  it('every recorded round verifies and has the value drand published', () => {
    for (const [round, { signature, randomness }] of ROUNDS) {
      const verified = verifyRound(round, signature)
      expect(verified.randomness).to.equal(`0x${randomness}`)
      expect(verified.value).to.equal(`0x${randomness.slice(0, 32)}${'00'.repeat(16)}`)
      // Compression keeps x and three flag bits.
      const x = BigInt(concat(verified.point).slice(0, 98))
      expect(x).to.equal(BigInt(`0x${signature}`) & ((1n << 381n) - 1n))
    }
  })

  it('refuses every other signature', () => {
    const code = (round: number, signature: string) => thrown(() => verifyRound(round, signature)).code
    const real = signatureOf(1000)
    expect(code(1001, real), 'of another round').to.equal('BEACON_SIGNATURE_INVALID')
    const flip = (bit: number): string => (BigInt(`0x${real}`) ^ (1n << BigInt(bit))).toString(16).padStart(96, '0')
    // Every flag bit, and bits all over x. Bit 381 is the sign of y: the negated point.
    for (const bit of [383, 382, 381, 380, 300, 255, 128, 64, 1, 0]) {
      expect(code(1000, flip(bit)), `bit ${bit}`).to.equal('BEACON_SIGNATURE_INVALID')
    }
    for (const text of ['', '0x', real.slice(2), `${real}00`, 'zz'.repeat(48), `c0${'00'.repeat(47)}`]) {
      expect(code(1000, text), text).to.equal('BEACON_SIGNATURE_INVALID')
    }
    // x = 4: on the curve, not in the subgroup.
    expect(code(1000, `80${'00'.repeat(46)}04`)).to.equal('BEACON_SIGNATURE_INVALID')
    for (const round of [0, -1, 1.5, 2 ** 32, Number.NaN]) expect(code(round, real)).to.equal('BEACON_ROUND_INVALID')
  })

  it('rounds and times', () => {
    expect(timeOfRound(1)).to.equal(QUICKNET.genesis)
    expect(roundAt(QUICKNET.genesis - 1)).to.equal(0)
    expect(roundAt(QUICKNET.genesis)).to.equal(1)
    expect(roundAt(QUICKNET.genesis + 2)).to.equal(1)
    for (const round of [2, 1000, 32_285_085]) expect(roundAt(timeOfRound(round))).to.equal(round)
  })
})

describe('beacon: drand over HTTP', () => {
  const servers: DrandServer[] = []
  async function serve(answer?: Answer): Promise<DrandServer> {
    const server = await DrandServer.start(answer)
    servers.push(server)
    return server
  }
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop()
  })
  const json =
    (body: unknown): Answer =>
    (_, response) =>
      response.writeHead(200).end(JSON.stringify(body))

  it('asks the first endpoint that works', async () => {
    const [first, second] = [await serve(), await serve()]
    const { randomness } = await fetchRound(1001, { endpoints: [`${first.url}/`, second.url] })
    expect(randomness).to.equal(`0x${ROUNDS.get(1001)!.randomness}`)
    expect(first.asked).to.deep.equal([`/${QUICKNET.chainHash}/public/1001`])
    expect(second.asked).to.deep.equal([])
  })

  it('passes over endpoints that are down, slow, too talkative, elsewhere, or lie', async () => {
    const good = await serve()
    const gone = await serve()
    const liars: DrandServer[] = [
      await serve((_, response) => response.writeHead(500).end()),
      await serve(() => undefined),
      await serve((_, response) => response.writeHead(200).end('x'.repeat(1 << 20))),
      await serve((_, response) => response.writeHead(302, { location: good.url }).end()),
      await serve((_, response) => response.writeHead(200).end('{')),
      await serve(json([])),
      await serve(json({ round: 1001, ...ROUNDS.get(1001) })),
      await serve(json({ round: 1000, ...ROUNDS.get(1001) })),
      await serve(json({ round: 1000, randomness: ROUNDS.get(1000)!.randomness })),
    ]
    // As the last: its port is free from now on, for any that would be started.
    await gone.stop()
    servers.splice(servers.indexOf(gone), 1)
    const endpoints = [gone.url, ...liars.map(({ url }) => url)]
    const round = await fetchRound(1000, { endpoints: [...endpoints, good.url], timeoutMs: 10_000 })
    expect(round.randomness).to.equal(`0x${ROUNDS.get(1000)!.randomness}`)
    for (const liar of liars) expect(liar.asked).to.have.length(1)
    const error = await rejected(fetchRound(1000, { endpoints, timeoutMs: 2_000 }), 'BEACON_UNAVAILABLE')
    expect(error.retryable).to.equal(true)
    expect(error.details?.['answers']).to.have.length(endpoints.length)
  })

  it('does not repeat what an endpoint keeps in its path or query', async () => {
    const server = await serve((_, response) => response.writeHead(403).end())
    const error = await rejected(fetchRound(1000, { endpoints: [`${server.url}/secret-key`] }), 'BEACON_UNAVAILABLE')
    expect(JSON.stringify([error.message, error.details])).not.to.contain('secret-key')
  })

  it('stops when it is told to', async () => {
    const server = await serve(() => undefined)
    const stop = new AbortController()
    const fetching = fetchRound(1000, { endpoints: [server.url, server.url], signal: stop.signal })
    stop.abort()
    const error: unknown = await fetching.catch((reason: unknown) => reason)
    expect(error).to.include({ name: 'AbortError' })
  })
})

describe('beacon: drand on a chain', function () {
  this.timeout(60_000)
  let chain: LocalChain
  before(async () => {
    chain = await startLocalChain()
  })
  after(() => chain.stop())

  it('publishes a verified round once, by anyone', async () => {
    const runner = chain.account(1)
    const { address } = await deployContract(chain.account(0), 'DrandBeacon', [10, 4, ZeroAddress])
    const beacon = DrandBeacon__factory.connect(address, chain.provider)
    for (const [round, { signature }] of ROUNDS) {
      expect(await beacon.value(round)).to.equal(ZeroHash)
      expect(await publishRound({ runner }, address, verifyRound(round, signature))).to.match(/^0x/)
    }
    // Only now, so that no round has changed what another one shares its word with.
    for (const [round, { signature }] of ROUNDS) {
      expect(await beacon.value(round)).to.equal(verifyRound(round, signature).value)
    }
    expect(await publishRound({ runner }, address, verifyRound(1000, signatureOf(1000)))).to.equal(undefined)
    const mixed = { ...verifyRound(1003, signatureOf(1003)), round: 1010 }
    const error = await rejected(publishRound({ runner }, address, mixed), 'CONTRACT_ROUND_NOT_SIGNED')
    expect(error.details).to.deep.equal({ round: 1010n })
  })

  it('knows a drand beacon from others', async () => {
    const provider = chain.provider
    const drand = await deployContract(chain.account(0), 'DrandBeacon', [10, 4, ZeroAddress])
    const other = await deployContract(chain.account(0), 'BlockhashBeacon', [3])
    expect(await isDrandBeacon({ provider }, drand.address)).to.equal(true)
    expect(await isDrandBeacon({ provider }, other.address)).to.equal(false)
    expect(await isDrandBeacon({ provider }, chain.account(0).address as `0x${string}`)).to.equal(false)
  })
})
