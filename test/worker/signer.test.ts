import { inspect } from 'node:util'

import { expect } from 'chai'
import { hexlify, id, randomBytes, Transaction, Wallet, ZeroAddress } from 'ethers'

import type { Address, Bytes32, Hex, WorkloadId } from '../../sdk/src/chain/index.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { ExternalSigner } from '../../sdk/src/worker/key/ExternalSigner.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { rejected } from '../support/rejected.js'
import { SignerServer, type SignerMode } from '../support/SignerServer.js'

const CHAIN_ID = 31_337
const KEY = hexlify(randomBytes(32))
const FIELDS = {
  nonce: 7,
  to: new Wallet(id('to')).address,
  data: '0x1234',
  gasLimit: 90_000n,
  maxFee: 9n,
  priorityFee: 2n,
}
const VERDICT = { workload: id('workload') as WorkloadId, attempt: 1, proofs: id('proofs') as Bytes32, valid: 5 }
const ACTION = {
  from: new Wallet(KEY).address as Address,
  target: FIELDS.to as Address,
  gas: 2n ** 70n,
  nonce: 1n << 90n,
}

describe('worker: external signer', () => {
  let server: SignerServer
  let lines: string[]

  beforeEach(async () => {
    server = await SignerServer.start(KEY)
    lines = []
  })
  afterEach(async () => {
    await server.halt()
  })

  async function opened(url = server.url, timeoutMs = 60_000): Promise<TxSigner> {
    const log = jsonLogger({ level: 'debug', write: (line) => lines.push(line), now: () => 0 })
    const account = server.account as Address
    return new TxSigner(await ExternalSigner.open({ url: new Secret(url), account, timeoutMs, log }), CHAIN_ID)
  }

  const verdict = (signer: TxSigner): Promise<Hex> =>
    signer.signVerdict({ chainId: CHAIN_ID, committee: FIELDS.to as Address }, VERDICT)

  /** Everything that is ever signed. */
  async function everything(signer: TxSigner): Promise<unknown> {
    const sealed = Uint8Array.of(1, 2, 3)
    const delivery = { workload: VERDICT.workload, seat: 3, sealed }
    return {
      transaction: await signer.sign(FIELDS),
      cancel: await signer.signCancel(3, 100n, 1n),
      action: await signer.signAction(
        { chainId: CHAIN_ID, relay: FIELDS.to as Address },
        { ...ACTION, deadline: 1_900_000_000, data: '0xabcdef' },
      ),
      verdict: await verdict(signer),
      delivery: await signer.signDelivery({ chainId: CHAIN_ID, market: FIELDS.to as Hex }, delivery),
    }
  }

  for (const mode of ['honest', 'web3signer', 'geth'] as const) {
    it(`signs what the key itself signs, bit for bit (${mode})`, async () => {
      server.mode = mode
      const signer = await opened()
      expect(signer.address).to.equal(new Wallet(KEY).address)
      expect(await everything(signer)).to.deep.equal(await everything(new TxSigner(new Secret(KEY), CHAIN_ID)))
    })
  }

  it('remembers which name of typed data the signer knows', async () => {
    server.mode = 'web3signer'
    const signer = await opened()
    await verdict(signer)
    await verdict(signer)
    expect(server.asked).to.deep.equal([
      ...['eth_accounts', 'eth_signTypedData_v4', 'eth_signTypedData', 'eth_signTypedData'],
    ])
  })

  it('refuses a signature of anything but what was asked for', async () => {
    const signer = await opened()
    server.mode = 'thief'
    expect((await rejected(signer.sign(FIELDS), 'WORKER_SIGNER_WRONG')).message).to.match(/it changed to$/)
    server.mode = 'stranger'
    await rejected(signer.sign(FIELDS), 'WORKER_SIGNER_WRONG')
    await rejected(verdict(signer), 'WORKER_SIGNER_WRONG')
    server.mode = 'messages'
    expect((await rejected(verdict(signer), 'WORKER_SIGNER_WRONG')).message).to.contain('EIP-712')
  })

  it('refuses to begin with a signer that does not hold the account, and says which it holds', async () => {
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const options = { url: new Secret(server.url), account: ZeroAddress as Address, timeoutMs: 5_000, log }
    const error = await rejected(ExternalSigner.open(options), 'WORKER_SIGNER_REFUSED')
    expect(inspect(error.details)).to.contain(server.account.toLowerCase())
  })

  const FAILURES: readonly (readonly [SignerMode, string, RegExp])[] = [
    ['refuses', 'WORKER_SIGNER_REFUSED', /policy says no/],
    ['nonsense', 'WORKER_SIGNER_REFUSED', /no JSON-RPC/],
    ['endless', 'WORKER_SIGNER_REFUSED', /larger than/],
    ['broken', 'WORKER_SIGNER_UNAVAILABLE', /status 502/],
    ['stalls', 'WORKER_SIGNER_UNAVAILABLE', /within 2000 ms/],
  ]
  for (const [mode, code, message] of FAILURES) {
    it(`tells what is wrong with a signer that ${mode === 'refuses' ? mode : `is "${mode}"`}`, async () => {
      // Only what stalls waits for the end of its time.
      const signer = await opened(server.url, mode === 'stalls' ? 2_000 : 60_000)
      server.mode = mode
      expect((await rejected(signer.sign(FIELDS), code)).message).to.match(message)
      server.mode = 'honest'
      await (mode === 'stalls' ? await opened() : signer).sign(FIELDS)
    })
  }

  it('says once that the signer is gone, and once that it is back', async () => {
    const signer = await opened()
    await server.halt()
    for (let attempt = 0; attempt < 3; attempt++) await rejected(signer.sign(FIELDS), 'WORKER_SIGNER_UNAVAILABLE')
    await server.resume()
    for (let attempt = 0; attempt < 2; attempt++) await signer.sign(FIELDS)
    expect(lines.map((line) => (JSON.parse(line) as { readonly message: string }).message)).to.deep.equal([
      'the external signer does not answer',
      'the external signer answers again',
    ])
  })

  it('gives the password of the URL to the signer, and to nobody else', async () => {
    const url = server.url.replace('//', '//ops:open%20sesame@')
    const signer = await opened(url)
    expect(server.authorization).to.equal(`Basic ${Buffer.from('ops:open sesame').toString('base64')}`)
    await server.halt()
    const error = await rejected(signer.sign(FIELDS), 'WORKER_SIGNER_UNAVAILABLE')
    expect(inspect([error, signer, lines], { depth: 9, showHidden: true })).to.not.contain('sesame')
    await server.resume()
  })

  it('signs one transaction of one chain', async () => {
    const { raw } = await (await opened()).sign(FIELDS)
    const { chainId, nonce, from, value, type } = Transaction.from(raw)
    expect({ chainId, nonce, from, value, type }).to.deep.equal({
      ...{ chainId: BigInt(CHAIN_ID), nonce: 7, from: server.account, value: 0n, type: 2 },
    })
  })
})
