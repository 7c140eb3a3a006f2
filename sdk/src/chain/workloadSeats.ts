import type { Contracts } from './connect.js'
import type { WorkloadEvent } from './events.js'
import type { WorkloadId } from './hex.js'
import { OPEN_SLOT, type SlotState } from './names.js'
import { readSlot, readWorkloadState, type At, type SlotView, type WorkloadState } from './readWorkloadState.js'

/** Every seat that ever had to do with a workload: drawn for a slot, or committed to an open one. */
export function seatsOf(events: Iterable<WorkloadEvent>): number[] {
  const seats = new Set<number>()
  for (const event of events) {
    if (event.name === 'Committed') seats.add(event.args.seat)
    if (event.name !== 'Assigned') continue
    for (const { seat, slot } of event.args.candidates) if (slot !== OPEN_SLOT) seats.add(seat)
  }
  return [...seats]
}

/** Lists of seats that acts of the market need. */
export interface SeatLists {
  /** For `settle`: everything that settling pays, frees or books a miss for. */
  readonly settle: readonly number[]
  /** For the second step of `cancel`: all that accepted in time. */
  readonly cancel: readonly number[]
  /** For `clear`, once final: what `settle` did not list. */
  readonly clear: readonly number[]
  /** For `slash`, after the silence window: all that never answered. */
  readonly slash: readonly number[]
}

/**
 * Reads the slots of a workload and lists the seats for each act. The lists hold for block `at`; a commit or an answer in
 * between makes `settle` or `cancel` fail with CONTRACT_CLAIMS_INCOMPLETE or CONTRACT_WRONG_SLOT_STATE: read them again.
 * @param events The events of the workload so far.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readSeatLists(
  contracts: Contracts,
  workload: WorkloadId,
  events: Iterable<WorkloadEvent>,
  at: At = 'latest',
): Promise<SeatLists> {
  const seats = seatsOf(events)
  const [state, ...slots] = await Promise.all([
    readWorkloadState(contracts, workload, at),
    ...seats.map((seat) => readSlot(contracts, workload, seat, at)),
  ])
  return seatLists(state, seats.map((seat, index) => [seat, slots[index]] as const).filter(isRead))
}

/** Lists the seats for each act, given their slots. Source: contracts/market/Settlement.sol. */
export function seatLists(
  state: WorkloadState,
  slots: readonly (readonly [seat: number, slot: SlotView])[],
): SeatLists {
  const inState = (test: (slot: SlotView) => boolean): number[] =>
    slots.filter(([, slot]) => test(slot)).map(([seat]) => seat)
  const silent = (slot: SlotView): boolean => slot.state === 'Assigned'
  // A seat that never answered keeps its word as long as it can be slashed for it.
  const freeable = (slot: SlotView): boolean => slot.state !== FREE && (state.dutyEnded || !silent(slot))
  return {
    settle: inState(freeable),
    cancel: inState((slot) => slot.held && slot.state === 'Accepted'),
    clear: state.phase === 'Final' ? inState(freeable) : [],
    slash: state.dutyEnded ? [] : inState(silent),
  }
}

const FREE: SlotState = 'Free'

function isRead(pair: readonly [number, SlotView | undefined]): pair is readonly [number, SlotView] {
  return pair[1] !== undefined
}
