import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { ApiClient } from '../../sdk/src/api/createApiClient.js'
import { toAddress, type Hex, type WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import type { DeliveryInbox, ListedDelivery } from '../../sdk/src/client/delivery/DeliveryInbox.js'
import { systemClock } from '../../sdk/src/clock.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { TestApi } from '../support/api.js'
import { aProgram, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

/** No whole number of base64's groups. */
const SEALED = randomBytes(100_001)
const LARGEST = 2 ** 20
const OPERATOR = toAddress(`0x${'11'.repeat(20)}`)

/** Says of what it holds that it is as large as asked for, and gives it when the gate is open. */
class HeldInbox implements DeliveryInbox {
  bytes = SEALED.length
  reading = 0
  most = 0
  #opened: Promise<void> = Promise.resolve()
  #open: () => void = () => undefined

  close(): void {
    this.most = 0
    this.#opened = new Promise((resolve) => (this.#open = resolve))
  }

  open(): void {
    this.#open()
  }

  put(): Promise<void> {
    return Promise.reject(new Error('nobody leaves anything here'))
  }

  list(workload: WorkloadId): Promise<readonly ListedDelivery[]> {
    return Promise.resolve([{ workload, seat: 7, operator: OPERATOR, bytes: this.bytes, digest: digestOf(SEALED) }])
  }

  async read({ workload, seat, operator }: ListedDelivery) {
    this.most = Math.max(this.most, ++this.reading)
    await this.#opened.finally(() => this.reading--)
    return { workload, seat, operator, sealed: SEALED }
  }
}

describe('api: sealed results', function () {
  this.timeout(120_000)
  const inbox = new HeldInbox()
  const digest = digestOf(SEALED)
  let network: Network
  let requester: GevulotClient
  let api: TestApi
  let program: Hex
  let key: ApiClient
  let request: string

  before(async () => {
    network = await startNetwork()
    requester = await network.client()
    program = await aProgram(network, requester)
    api = await TestApi.start(network)
    await api.stop()
    const client = { ...api.client, settings: { ...api.client.settings, maxProofBytes: LARGEST } }
    await api.start({ client, inbox, proofs: { largestAtOnce: 2, waitMs: 5_000 } })
    key = await api.as()
    const inputs = { files: { public_inputs: Buffer.from('asked').toString('base64') } }
    request = (await key.submitRequest({ program, inputs, maxRunTime: 600 })).request
    for (let looks = 0; (await key.getRequest({ request })).workload === null; looks++) {
      expect(looks, api.lines.join('\n')).to.be.lessThan(1_200)
      await systemClock.sleep(50)
    }
  })
  afterEach(() => {
    inbox.open()
    inbox.bytes = SEALED.length
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  it('come as they were left, to the key that asked and to no other', async () => {
    const { seat, operator, sealed } = await key.getSealedProof({ request, digest })
    expect([seat, operator]).to.deep.equal([7, OPERATOR])
    expect(Buffer.from(sealed, 'base64').equals(SEALED)).to.equal(true)
    await rejected(key.getSealedProof({ request, digest: digestOf(randomBytes(1)) }), 'API_NOT_FOUND')
    await rejected((await api.as()).getSealedProof({ request, digest }), 'API_NOT_FOUND')
    expect((await fetch(`${api.url}/v1/requests/${request}/sealed/${digest}`)).status).to.equal(401)
  })

  it('share the memory that is there for proofs: what does not fit is told to come back, and gets it then', async () => {
    inbox.bytes = LARGEST
    inbox.close()
    const asked = Array.from({ length: 6 }, () =>
      key.getSealedProof({ request, digest }).catch((error: unknown) => error),
    )
    for (let looks = 0; inbox.reading < 2; looks++) {
      expect(looks, 'looks at the inbox').to.be.lessThan(1_200)
      await systemClock.sleep(50)
    }
    expect((await rejected(key.getSealedProof({ request, digest }), 'API_BUSY')).retryable).to.equal(true)
    expect(inbox.most).to.equal(2)
    inbox.open()
    const answers = await Promise.all(asked)
    expect(answers.filter((answer) => !(answer instanceof Error))).to.have.length.within(2, 6)
    expect(inbox.most).to.equal(2)
    for (let looks = 0; ; looks++) {
      expect(looks, 'refusals').to.be.lessThan(600)
      if (
        await key.getSealedProof({ request, digest }).then(
          () => true,
          () => false,
        )
      )
        break
    }
  })

  it('one that is larger than all of the memory has it alone', async () => {
    inbox.bytes = 2 ** 30
    expect((await key.getSealedProof({ request, digest })).seat).to.equal(7)
  })
})
