import { expect } from 'chai'
import { ZeroHash } from 'ethers'

import { timeOfRound, verifyRound } from '../../sdk/src/beacon/index.js'
import { DrandServer } from '../support/drand/DrandServer.js'
import { ROUNDS } from '../support/drand/rounds.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'

const LAG = 3
const ROUND = 1000

// Real rounds of drand are in the past, so the chain's clock is set to the time they came out.
describe('worker: relays rounds of drand', function () {
  this.timeout(180_000)
  let network: TestNetwork
  const servers: DrandServer[] = []

  before(async () => {
    network = await TestNetwork.start(
      { ...FAST, beacon: { kind: 'drand', lag: LAG, margin: 1 } },
      timeOfRound(ROUND) - 3_600,
    )
  })
  after(async () => {
    await network.stop()
    for (const server of servers) await server.stop()
  })

  it('a keeper fetches the round that pending workloads wait for, once, and the draw goes on', async () => {
    const liar = await DrandServer.start((_, response) =>
      response.writeHead(200).end(JSON.stringify({ round: ROUND, ...ROUNDS.get(ROUND + 1) })),
    )
    const honest = await DrandServer.start()
    servers.push(liar, honest)
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice', 2)
    const worker = await network.startWorker(alice, { drandEndpoints: [liar.url, honest.url] })
    await worker.line((line) => line.message === 'worker started')

    await network.chain.provider.send('evm_setNextBlockTimestamp', [timeOfRound(ROUND - LAG)])
    const first = await network.submit(program)
    const second = await network.submit(program)
    const rounds = new Set<number>()
    for (const workload of [first, second]) {
      rounds.add(Number((await network.contracts.market.workloadOf(workload)).round))
    }
    for (const round of rounds) {
      expect(ROUNDS.has(round), `round ${round} is recorded`).to.equal(true)
      expect(await network.contracts.beacon.value(round)).to.equal(ZeroHash)
    }
    await network.chain.mineEvery(1)

    for (const workload of [first, second]) await network.until(workload, 'Finished')
    for (const round of rounds) {
      expect(await network.contracts.beacon.value(round)).to.equal(
        verifyRound(round, ROUNDS.get(round)!.signature).value,
      )
      expect(honest.asked.filter((path) => path.endsWith(`/${round}`))).to.have.length(1)
    }
    expect(liar.asked.length).to.be.greaterThan(0)
    expect(await worker.stop()).to.equal(0)
  })
})
