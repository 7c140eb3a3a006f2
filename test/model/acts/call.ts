/** A call that a step came to, and what the model does with it. */
import type { Account, Moment, Rules, State } from '../protocol/state.js'
import type { World } from '../World.js'
import type { Step } from './step.js'

/** Contracts that acts are sent to. */
export type Target = 'market' | 'registry' | 'relay' | 'qualification' | 'committee' | 'token' | 'rewards'

/** The call of an act, as it would be sent directly. */
export interface Call {
  readonly name: string
  readonly target: Target
  readonly args: readonly unknown[]
  /** The workload it is about. */
  readonly job?: number
  readonly play: (state: State, moment: Moment) => void
}

/** What there is when the turn of a step comes. */
export interface Scene {
  readonly world: World
  readonly state: State
  readonly rules: Rules
  readonly step: Step
  /** Account for which the act is done. */
  readonly caller: Account
  /** Number and time of the block that the act will be in. */
  readonly block: number
  readonly now: number
}
