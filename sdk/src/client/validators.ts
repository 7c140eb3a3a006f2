import { asChainError } from '../chain/asChainError.js'
import { Committee__factory } from '../chain/generated/factories/Committee__factory.js'
import { toAddress, type Hex, type WorkloadId } from '../chain/hex.js'
import type { JudgingStage } from '../chain/names.js'
import { readEvents } from '../chain/readEvents.js'
import { readCommittee, readJudgment } from '../chain/readJudgment.js'
import { needed, type Client } from './Client.js'
import { getSeats, type Seat } from './seats.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link getDuties}. */
export interface GetDutiesParams extends CallOptions {
  /** Default: the client's own account. */
  readonly operator?: Hex
}

/** A validator's seat. */
export interface ValidatorSeat extends Seat {
  /** Verdicts missed in a row; three drop the seat. */
  readonly misses: number
}

/** A committee that a seat was drawn to. */
export interface Duty {
  readonly workload: WorkloadId
  /** From 1; the appeal is number 4. */
  readonly attempt: number
  readonly seat: number
  /** Of the attempt; `Failed` too for one that was appealed. */
  readonly stage: JudgingStage
  /** Last second for the answer, Unix time. */
  readonly until: number
  readonly answered: boolean
}

/** What a validator has to do and has done. */
export interface Duties {
  readonly seats: readonly ValidatorSeat[]
  /** Newest last. */
  readonly duties: readonly Duty[]
}

/**
 * The seats of an operator in the validators' class, and the committees they were drawn to.
 * @throws GevulotError `CHAIN_*`, CLIENT_OPTION_MISSING
 */
export function getDuties(client: Client, params: GetDutiesParams = {}): Promise<Duties> {
  return call(client, params, async (client) => {
    const { contracts } = client
    const operator = toAddress(params.operator ?? needed(client, 'account', 'reading duties'))
    const signal = params.signal && { signal: params.signal }
    const committee = Committee__factory.connect(contracts.addresses.committee, contracts.provider)
    const seats: ValidatorSeat[] = []
    try {
      const validators = Number(await committee.validatorClass())
      for (const seat of await getSeats(client, { operator, ...signal })) {
        if (seat.class === validators) seats.push({ ...seat, misses: Number(await committee.missesOf(seat.seat)) })
      }
    } catch (error) {
      throw asChainError(error, 'reading the seats of a validator')
    }
    const numbers = new Set(seats.map(({ seat }) => seat))
    const duties: Duty[] = []
    for await (const event of readEvents(contracts, { names: ['CommitteeDrawn'], ...signal })) {
      if (event.name !== 'CommitteeDrawn' || !event.args.seats.some((seat) => numbers.has(seat))) continue
      const { workload, attempt, until } = event.args
      const judgment = await readJudgment(contracts, workload)
      // What came after this attempt says nothing about it: it did not decide.
      const stage = judgment.attempt === attempt ? judgment.stage : 'Failed'
      for (const { seat, answered } of await readCommittee(contracts, workload, attempt)) {
        if (numbers.has(seat)) duties.push({ workload, attempt, seat, stage, until, answered })
      }
    }
    return { seats, duties }
  })
}
