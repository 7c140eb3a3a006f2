import type { Contracts } from '../../sdk/src/chain/index.js'
import { pad, padStart, paint, widthOf } from './paint.js'
import { tokens } from './Story.js'

/** Somebody whose money is watched. */
export interface Party {
  readonly name: string
  readonly note: string
  readonly address: string
  readonly seats: readonly number[]
}

/** What a party owns of the token, wherever it is. */
interface Holdings {
  readonly free: bigint
  readonly bonded: bigint
}

/** What every party had before, to say in the end who gained and who lost. */
export class Books {
  readonly #contracts: Contracts
  readonly #parties: readonly Party[]
  readonly #before = new Map<string, Holdings>()
  #supplyBefore = 0n

  constructor(contracts: Contracts, parties: readonly Party[]) {
    this.#contracts = contracts
    this.#parties = parties
  }

  /** Notes what everybody has now. */
  async open(): Promise<void> {
    this.#supplyBefore = await this.#contracts.token.totalSupply()
    for (const party of this.#parties) this.#before.set(party.name, await this.#holdings(party))
  }

  /** Burns what is booked to be burned, and returns the table of gains and losses. */
  async close(): Promise<string[]> {
    const addresses = this.#parties.map(({ address }) => address)
    const { market, registry, token } = this.#contracts
    const reported = await Promise.all(addresses.map(async (address) => (await registry.reports(address)).burn))
    await (await market.burnFees(addresses)).wait()
    if (reported.some((burn) => burn > 0n)) await (await registry.burnSlashes(addresses)).wait()
    const rows = [['', 'fees and rewards', 'bond', 'in all', '']]
    let total = 0n
    for (const party of this.#parties) {
      const before = this.#before.get(party.name) ?? { free: 0n, bonded: 0n }
      const after = await this.#holdings(party)
      const free = after.free - before.free
      const bonded = after.bonded - before.bonded
      total += free + bonded
      rows.push([
        paint.strong(party.name),
        change(free),
        change(bonded),
        change(free + bonded),
        paint.faint(party.note),
      ])
    }
    const burned = this.#supplyBefore - (await token.totalSupply())
    rows.push(['burned', '', '', change(burned), paint.faint('the supply shrank by it')])
    const sum = total + burned
    rows.push([
      'sum',
      '',
      '',
      tokens(sum),
      paint.faint(sum === 0n ? 'nothing appeared, nothing was lost' : 'this must be zero'),
    ])
    if (sum !== 0n) throw new Error(`the books do not balance: ${sum} token units are unaccounted for`)
    return table(rows)
  }

  async #holdings({ address, seats }: Party): Promise<Holdings> {
    const { token, market, registry } = this.#contracts
    const [held, { balance }, { bounty }] = await Promise.all([
      token.balanceOf(address),
      market.accountOf(address),
      registry.reports(address),
    ])
    const bonds = await Promise.all(seats.map(async (seat) => (await registry.seatOf(seat)).bond))
    return { free: held + balance + bounty, bonded: bonds.reduce((a, b) => a + b, 0n) }
  }
}

function change(amount: bigint): string {
  if (amount === 0n) return paint.faint('–')
  return amount > 0n ? paint.good(`+${tokens(amount)}`) : paint.bad(`−${tokens(-amount)}`)
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === 4 ? pad(cell, widths[column] ?? 0) : padStart(cell, widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
