import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { id, makeError, type JsonRpcApiProvider } from 'ethers'

import type { Address, Contracts } from '../../sdk/src/chain/index.js'
import { IMarket__factory } from '../../sdk/src/chain/generated/factories/IMarket__factory.js'
import { chainError } from '../../sdk/src/errors/codes/chain.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import type { Outbox } from '../../sdk/src/worker/publish/Outbox.js'
import { makePending, type Pending } from '../../sdk/src/worker/publish/Pending.js'
import { RelayedPublisher } from '../../sdk/src/worker/publish/RelayedPublisher.js'
import type { TxOutcome, TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import type { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import type { ActionJournal, SentAction } from '../../sdk/src/worker/store/ActionJournal.js'
import { HandClock } from '../support/HandClock.js'

const address = (digit: string) => `0x${digit.repeat(40)}` as Address
const [ACCOUNT, RELAY, MARKET] = [address('1'), address('2'), address('3')]
const [POLL, PATIENCE] = [50, 1_000]
/** No relay listens there. */
const NOBODY = 'http://127.0.0.1:9'
const MINED: TxOutcome = { kind: 'mined', hash: id('own'), block: 7, gasUsed: 21_000n }
const silent = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
const market = IMarket__factory.createInterface()
const request: TxRequest = {
  ...{ key: 'assign/1', to: MARKET, data: market.encodeFunctionData('assign', [id('workload')]) },
  ...{ priority: 'answer', about: { stage: 'assign' } },
}
const reverts = makeError('execution reverted', 'CALL_EXCEPTION', {
  ...{ action: 'estimateGas', data: '0x', reason: null, invocation: null, revert: null },
  transaction: { to: MARKET, data: request.data },
})

/** At what the outbox does next, something comes between. */
type Moment = 'the nonce is read' | 'the act is estimated' | 'relays are asked'

// No relay answers, so the account sends its act itself, and has waited long enough for it once: relays are asked again. By hand, because each moment counts.
describe('relay: an act that the own account has sent', () => {
  let clock: HandClock
  /** The own transaction while it is in flight. */
  let own: Pending | undefined
  let published: number
  let told: string[]
  /** Whether the act would revert, as once it was done. */
  let isDone: boolean
  let isRelayed: boolean
  let balance: bigint
  let relays: string[]
  let next: { readonly at: Moment; readonly happens: () => void } | undefined
  let ended: TxOutcome | undefined
  let stop: AbortController
  let loop: Promise<void>

  beforeEach(() => {
    clock = new HandClock()
    own = next = ended = undefined
    published = 0
    told = []
    isDone = isRelayed = false
    balance = 1n
    relays = [NOBODY]
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await loop
  })

  function reach(at: Moment): void {
    if (next?.at !== at) return
    next.happens()
    next = undefined
  }

  function endOwn(outcome: TxOutcome): void {
    const pending = own
    own = undefined
    if (outcome.kind === 'mined') isDone = true
    told.push(`own ${outcome.kind}`)
    pending?.resolve(outcome)
  }

  const direct: Outbox = {
    publish: (asked) => {
      if (own !== undefined) return own.outcome
      published++
      const { outcome } = (own = makePending(asked))
      // As the one that sends: it simulates first.
      if (isDone) endOwn({ kind: 'reverted', error: chainError('CHAIN_REVERTED', 'done already') })
      return outcome
    },
    isPending: () => own !== undefined,
    pendingKeys: () => (own === undefined ? [] : [own.request.key]),
    recover: async () => undefined,
    run: async () => undefined,
  }

  function start(): RelayedPublisher {
    const provider = {
      getBalance: async () => balance,
      getBlockNumber: async () => 7,
      getTransaction: async () => ({ data: request.data }),
      send: async () => {
        reach('the act is estimated')
        if (isDone) throw reverts
        return '0x5208'
      },
    } as unknown as JsonRpcApiProvider
    const spent = { args: { nonce: 1n, cancelled: false }, transactionHash: id('relayed'), blockNumber: 7 }
    const contracts = {
      ...{ chainId: 31_337, fromBlock: 0, provider, market: { interface: market } },
      addresses: { relay: RELAY, market: MARKET, registry: ACCOUNT, qualification: ACCOUNT, committee: ACCOUNT },
      relay: {
        isNonceUsed: async () => {
          reach('the nonce is read')
          return isRelayed
        },
        filters: { NonceSpent: () => ({}) },
        queryFilter: async () => [spent],
      },
    } as unknown as Contracts
    const journal: Pick<ActionJournal, 'take' | 'end' | 'forget' | 'pending'> = {
      take: async (act) => ({ ...act, id: 1, nonce: 1n }) satisfies SentAction,
      end: async () => undefined,
      forget: async () => undefined,
      pending: async () => [],
    }
    const time = new ChainTime(clock)
    time.see(1, 1)
    const signer: Pick<TxSigner, 'address' | 'signAction'> = {
      address: ACCOUNT,
      signAction: async () => `0x${'00'.repeat(65)}`,
    }
    const mostGas = async (): Promise<bigint> => {
      reach('relays are asked')
      return 10n ** 7n
    }
    const made = new RelayedPublisher({
      ...{ direct, contracts, provider, time, clock, log: silent, pollMs: POLL, patienceMs: PATIENCE },
      ...{ signer: signer as TxSigner, journal: journal as ActionJournal, reach: { mostGas } },
      ...{ relays, maxGas: 10n ** 7n, maxInFlight: 1 },
      onEnd: (_, { kind }) => told.push(`relayed ${kind}`),
    })
    void made.publish(request).then((outcome) => (ended = outcome))
    loop = made.run(stop.signal)
    return made
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await sleep(1)
  }

  /** The own account has sent, and has been waited for: relays are asked again after the next pause. */
  async function startAndWait(): Promise<void> {
    start()
    await until(() => own !== undefined)
    clock.pass(2 * PATIENCE)
    await sleep(1)
    expect(ended).to.be.undefined
  }

  async function outcome(): Promise<TxOutcome> {
    await until(() => {
      clock.pass(POLL)
      return ended !== undefined
    })
    return ended!
  }

  it('has its end, if that comes between two looks', async () => {
    await startAndWait()
    endOwn(MINED)
    expect(await outcome()).to.equal(MINED)
    expect({ published, told }).to.deep.equal({ published: 1, told: ['own mined'] })
  })

  for (const at of ['the nonce is read', 'the act is estimated', 'relays are asked'] as const) {
    it(`has its end, if that comes while ${at}`, async () => {
      await startAndWait()
      next = { at, happens: () => endOwn(MINED) }
      expect(await outcome()).to.equal(MINED)
      expect({ published, told }).to.deep.equal({ published: 1, told: ['own mined'] })
    })
  }

  it('is waited for once it would revert, as the block to come has it', async () => {
    await startAndWait()
    isDone = true
    for (let passed = 0; passed < 4 * PATIENCE; passed += POLL) {
      clock.pass(POLL)
      await sleep(1)
    }
    expect(ended).to.be.undefined
    endOwn(MINED)
    expect(await outcome()).to.equal(MINED)
    expect({ published, told }).to.deep.equal({ published: 1, told: ['own mined'] })
  })

  it('has its end also when an earlier run had sent it, and it is mined before anything else is done', async () => {
    own = makePending(request)
    start()
    endOwn(MINED)
    expect(await outcome()).to.equal(MINED)
    expect({ published, told }).to.deep.equal({ published: 0, told: ['own mined'] })
  })

  it('reverts where it does, and where a relay was faster that counts', async () => {
    const reverted: TxOutcome = { kind: 'reverted', error: chainError('CHAIN_REVERTED', 'no'), hash: id('own') }
    await startAndWait()
    endOwn(reverted)
    expect(await outcome()).to.equal(reverted)
    expect({ published, told }).to.deep.equal({ published: 1, told: ['own reverted'] })

    stop.abort()
    await loop
    stop = new AbortController()
    ended = undefined
    await startAndWait()
    isDone = isRelayed = true
    endOwn(reverted)
    expect(await outcome()).to.include({ kind: 'mined', hash: id('relayed') })
  })

  // Before it sends, it simulates on the pending block, which has the relay's transaction by then.
  const unsent: readonly TxOutcome[] = [
    { kind: 'reverted', error: chainError('CHAIN_REVERTED', 'done already') },
    { kind: 'failed', error: chainError('CHAIN_FEE_REFUSED', 'too dear') },
    { kind: 'failed', error: chainError('CHAIN_GAS_FUNDS_LOW', 'no money') },
    { kind: 'superseded' },
  ]
  for (const end of unsent) {
    const how = 'error' in end ? `${end.kind} (${end.error.code})` : end.kind
    it(`has ended ${how} beside a relay that carries the act out: the relay has its time`, async () => {
      const relay = createServer((asked, answer) => {
        asked.resume().on('end', () => {
          isDone = true
          answer.end('{}', () => endOwn(end))
        })
      }).listen(0, '127.0.0.1')
      await once(relay, 'listening')
      try {
        await startAndWait()
        relays[0] = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`
        await until(() => (clock.pass(POLL), isDone))
        for (let passed = 0; passed < PATIENCE / 2; passed += POLL) {
          await sleep(5)
          clock.pass(POLL)
        }
        expect(ended).to.be.undefined
        isRelayed = true
        expect(await outcome()).to.include({ kind: 'mined', hash: id('relayed') })
      } finally {
        relay.close()
      }
    })
  }

  it('is not given up because it has taken all of the account’s money', async () => {
    await startAndWait()
    balance = 0n
    for (let passed = 0; passed < 4 * PATIENCE; passed += POLL) {
      clock.pass(POLL)
      await sleep(1)
    }
    expect(ended).to.be.undefined
    endOwn(MINED)
    expect(await outcome()).to.equal(MINED)
    expect({ published, told }).to.deep.equal({ published: 1, told: ['own mined'] })
  })

  it('relays are asked again for one that the account could not pay after all', async () => {
    await startAndWait()
    balance = 0n
    endOwn({ kind: 'failed', error: chainError('CHAIN_GAS_FUNDS_LOW', 'no money') })
    const { kind, error } = (await outcome()) as Extract<TxOutcome, { kind: 'failed' }>
    expect([kind, error.code]).to.deep.equal(['failed', 'WORKER_NO_RELAY'])
    expect(published).to.equal(1)
  })
})
