import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { keccak256 } from 'ethers'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import { DirectoryInbox } from '../../sdk/src/client/delivery/DirectoryInbox.js'
import { signDelivery } from '../../sdk/src/client/delivery/signDelivery.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { generateDeliveryKey } from '../../sdk/src/crypto/DeliveryKey.js'
import { sealProof } from '../../sdk/src/crypto/sealedProof.js'
import {
  aProgram, BAD_PROOF, idleSeat, operatorOf, PROOF, prover, PUBLIC_INPUTS, SALT, startNetwork, TOKEN, type Network,
} from '../support/network.js' // prettier-ignore
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('client: early delivery', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()
  const deliveryKey = generateDeliveryKey()
  let network: Network
  let inbox: DirectoryInbox
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    const { chainId, market } = network.deployment
    inbox = new DirectoryInbox(join(directory(), 'inbox'), { chainId, market }, { maxBytes: 1_000, maxDeliveries: 3 })
    client = await network.client({ inbox, deliveryKey, store: new DirectoryStore(join(directory(), 'content')) })
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  async function drawn(redundancy: number) {
    const inputs = { files: { public_inputs: PUBLIC_INPUTS } }
    const { workload, spec } = await client.submit({ program, inputs, fee: 10n * TOKEN, maxRunTime: 100, redundancy })
    expect(spec).to.include({ deliveryKey: deliveryKey.publicKey, publicInputs: keccak256(PUBLIC_INPUTS) })
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, spec, seats: slots.map(({ seat }) => seat) }
  }

  async function deliver(
    workload: WorkloadId,
    seat: number,
    proof: Uint8Array,
    { by = seat, salt = SALT } = {},
  ): Promise<void> {
    const { account } = operatorOf(network, by)
    const sealed = sealProof({ proof, salt }, deliveryKey.publicKey)
    await inbox.put(await signDelivery(account, network.deployment, { workload, seat, sealed }))
  }

  it('hands a sealed proof over before it is revealed', async () => {
    const { workload, seats } = await drawn(2)
    await prover.commit(network, workload, seats[0]!)
    await deliver(workload, seats[0]!, PROOF)
    const proof = await client.waitForProof({ workload })
    expect(proof).to.include({ from: 'delivery', seat: seats[0], operator: operatorOf(network, seats[0]!).address })
    expect(Buffer.from(proof.proof).equals(PROOF)).to.equal(true)
    expect((await client.getWorkload({ workload })).status).to.equal('proving')
    await rejected(client.waitForProof({ workload, early: false, timeoutMs: 100 }), 'CLIENT_WAIT_TIMEOUT')
  })

  it('takes only what opens the commitment and is valid, whoever carries it', async () => {
    const { workload, seats } = await drawn(2)
    const [first, second] = [seats[0]!, seats[1]!]
    await prover.commit(network, workload, first)
    // Not committed, another proof than the committed one, a copy by somebody who does not know the salt, and noise.
    await deliver(workload, second, PROOF)
    await deliver(workload, first, Buffer.from('33'.repeat(64), 'hex'))
    await deliver(workload, first, PROOF, { by: second, salt: `0x${'e1'.repeat(32)}` })
    writeFileSync(join(directory(), 'inbox', workload, `${first}-0x${'1'.repeat(40)}.sealed`), Buffer.alloc(200))
    await rejected(client.waitForProof({ workload, timeoutMs: 150 }), 'CLIENT_WAIT_TIMEOUT')
    // Committed, but not valid.
    await prover.commit(network, workload, second, BAD_PROOF)
    await deliver(workload, second, BAD_PROOF)
    await rejected(client.waitForProof({ workload, timeoutMs: 150 }), 'CLIENT_WAIT_TIMEOUT')
  })

  it('takes what opens the commitment as its prover’s, whichever key has signed: a submitter key has another address', async () => {
    const { workload, seats } = await drawn(2)
    const [first, second] = [seats[0]!, seats[1]!]
    await prover.commit(network, workload, first)
    await deliver(workload, first, PROOF, { by: second })
    const { seat, operator } = await client.waitForProof({ workload })
    expect({ seat, operator }).to.deep.equal({ seat: first, operator: operatorOf(network, first).address })
  })

  it('releases a workload by itself once it holds what was paid for', async () => {
    const { workload, spec, seats } = await drawn(1)
    await prover.decline(network, spec, seats[0]!)
    const other = await idleSeat(network, seats[0]!)
    await prover.commitOpen(network, workload, spec, other)
    await deliver(workload, other, PROOF)
    const proofs = await client.releaseWhenServed({ workload })
    expect(proofs.map(({ seat }) => seat)).to.deep.equal([other])
    expect((await client.getWorkload({ workload })).status).to.equal('revealing')
    await rejected(client.waitForProofs({ workload, count: 2 }), 'CLIENT_PARAMETER_INVALID')
  })

  it('keeps the inbox within its limits', async () => {
    const workload = `0x${'77'.repeat(32)}` as WorkloadId
    const refused = 'CLIENT_DELIVERY_REFUSED'
    await rejected(deliver(workload, 1, Buffer.alloc(2_000)), refused)
    await rejected(inbox.put({ workload, seat: 1, sealed: PROOF, signature: '0x12' }), refused)
    await rejected(inbox.put({ workload, seat: 1, sealed: PROOF, signature: `0x${'00'.repeat(65)}` }), refused)
    await rejected(inbox.put({ workload, seat: 0, sealed: PROOF, signature: `0x${'00'.repeat(65)}` }), refused)
    await rejected(inbox.put({ workload: '0x../../x', seat: 1, sealed: PROOF, signature: '0x' }), 'CHAIN_HEX_INVALID')
    expect(await inbox.list(workload)).to.deep.equal([])
    for (const seat of [1, 2, 3, 3]) await deliver(workload, seat, PROOF)
    await rejected(deliver(workload, 4, PROOF), refused)
    expect(readdirSync(join(directory(), 'inbox', workload))).to.have.length(3)
    expect((await inbox.list(workload)).map(({ seat }) => seat)).to.deep.equal([1, 2, 3])
  })

  it('can be read by a requester that is another user, whatever the umask', async () => {
    const workload = `0x${'78'.repeat(32)}` as WorkloadId
    const path = join(directory(), 'shared', 'inbox')
    const shared = new DirectoryInbox(path, network.deployment)
    const { account, address } = operatorOf(network, 1)
    const signed = await signDelivery(account, network.deployment, { workload, seat: 1, sealed: PROOF })
    const before = process.umask(0o077)
    await shared.put(signed).finally(() => process.umask(before))
    const places = [path, join(path, workload), join(path, workload, `1-${address.toLowerCase()}.sealed`)]
    expect(places.map((place) => (statSync(place).mode & 0o777).toString(8))).to.deep.equal(['755', '755', '444'])
  })

  it('lists without the proofs themselves, and reads one at a time', async function () {
    const bytes = 32 * 2 ** 20
    const path = join(directory(), 'large')
    const large = new DirectoryInbox(path, network.deployment, { maxBytes: bytes })
    const workload = `0x${'78'.repeat(32)}` as WorkloadId
    const { account } = operatorOf(network, 1)
    const seats = [1, 2, 3, 4, 5, 6, 7, 8]
    for (const seat of seats) {
      const sealed = Buffer.alloc(bytes, seat)
      await large.put(await signDelivery(account, network.deployment, { workload, seat, sealed }))
    }
    // Files that are no deliveries: without a signature, too short, too large.
    const file = (seat: number): string => join(path, workload, `${seat}-0x${'1'.repeat(40)}.sealed`)
    writeFileSync(file(9), Buffer.alloc(100))
    writeFileSync(file(10), Buffer.alloc(10))
    writeFileSync(file(11), Buffer.alloc(bytes + 66))
    let most = 0
    const before = process.memoryUsage().arrayBuffers
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 5)
    const fresh = new DirectoryInbox(path, network.deployment, { maxBytes: bytes })
    const listed = await fresh.list(workload)
    clearInterval(timer)
    const held = process.memoryUsage().arrayBuffers - before
    expect(Math.max(most, held), 'bytes in memory').to.be.at.most(4 * bytes)
    expect(listed.map(({ seat }) => seat)).to.deep.equal(seats)
    const [first] = listed
    if (first === undefined) throw new Error('nothing is listed')
    expect(first).to.deep.equal({ workload, seat: 1, operator: account.address, bytes, digest: digestOf(Buffer.alloc(bytes, 1)) }) // prettier-ignore
    const { sealed, ...whose } = (await fresh.read(first)) ?? {}
    expect(whose).to.deep.equal({ workload, seat: 1, operator: account.address })
    expect(Buffer.from(sealed ?? []).equals(Buffer.alloc(bytes, 1))).to.equal(true)
    // Another one takes its place: what was listed is not handed over as another, and the list tells of the new one.
    const other = { workload, seat: 1, sealed: Buffer.alloc(bytes, 99) }
    await large.put(await signDelivery(account, network.deployment, other))
    expect(await fresh.read(first)).to.equal(undefined)
    expect((await fresh.list(workload))[0]?.digest).to.equal(digestOf(other.sealed))
    rmSync(join(path, workload), { recursive: true })
    expect(await fresh.list(workload)).to.deep.equal([])
  })
})
