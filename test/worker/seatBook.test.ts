import { expect } from 'chai'
import { ZeroAddress } from 'ethers'

import type { Address, Contracts, RegistryEvent } from '../../sdk/src/chain/index.js'
import { SeatBook } from '../../sdk/src/worker/coordinate/SeatBook.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { rejected } from '../support/rejected.js'

const OPERATOR = `0x${'11'.repeat(20)}` as Address

function staked(seat: number): RegistryEvent<'Staked'> {
  return {
    contract: 'registry',
    name: 'Staked',
    args: { seat, operator: OPERATOR, class: 1 },
    at: { block: seat, logIndex: 0 },
  } as RegistryEvent<'Staked'>
}

describe('worker: book of seats', () => {
  describe('of which some are named', () => {
    const OTHER = `0x${'22'.repeat(20)}`
    // As the registry tells it: the owner of what was withdrawn is nobody, as that of what was never staked.
    const owners = [OPERATOR, ZeroAddress, OPERATOR, OTHER]
    const registry = {
      seatCount: () => Promise.resolve(BigInt(owners.length)),
      seatOf: (seat: number) => Promise.resolve({ operator: owners[seat - 1] ?? ZeroAddress }),
    }
    const contracts = { registry } as unknown as Contracts

    async function told(...seats: number[]): Promise<string> {
      const lines: string[] = []
      const log = jsonLogger({ level: 'warn', write: (line) => lines.push(line), now: () => 0 })
      await new SeatBook(contracts, {} as EventStore, OPERATOR, seats).assertOwned(log)
      return lines.join()
    }

    it('works for the others when one was withdrawn, and says which', async () => {
      expect(await told(1, 3)).to.equal('')
      expect(await told(1, 2, 3))
        .to.include('"level":"warn"')
        .and.include('"seats":[2]')
    })

    it('refuses one of another account, one that nobody has staked yet, and when none is left', async () => {
      for (const [seats, message] of [
        [[1, 2, 4], 'seat 4 does not belong to'],
        [[1, 5], 'seat 5 does not belong to'],
        [[2], 'all seats that are named have been withdrawn: 2'],
      ] as const)
        expect((await rejected(told(...seats), 'WORKER_SEAT_NOT_OWNED')).message).to.include(message)
    })
  })

  it('keeps no list that was asked for before a seat was staked, however late the answer comes', async () => {
    const db = await openDatabase()
    try {
      const store = new EventStore(db)
      const to = { number: 9, hash: `0x${'09'.repeat(32)}` } as const
      const batch = {
        kind: 'events',
        from: 0,
        to,
        time: 1_000,
        cursor: { start: 0, next: 10, checkpoints: [] },
      } as const
      await store.apply({ ...batch, events: [staked(1)] })
      // As with a pool of connections: what was asked for first is not answered first.
      let answer = (): void => undefined
      const answered = new Promise<void>((resolve) => (answer = resolve))
      const late = Object.assign(Object.create(store) as EventStore, {
        registryNamed: async (name: 'Staked') => {
          const rows = await store.registryNamed(name)
          await answered
          return rows
        },
      })
      // It asks the events only.
      const book = new SeatBook({} as Contracts, late, OPERATOR, [])
      const numbers = async (): Promise<number[]> => (await book.seats()).map(({ seat }) => seat)
      const before = numbers()
      await store.registryNamed('Staked')
      await store.apply({ ...batch, from: 2, events: [staked(2)] })
      book.refresh()
      answer()
      expect(await before).to.deep.equal([1])
      expect(await numbers()).to.deep.equal([1, 2])
    } finally {
      await db.destroy()
    }
  })
})
