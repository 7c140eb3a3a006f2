import { setTimeout as sleep } from 'node:timers/promises'

import type { IAztecRollup, IRollupView } from '../../../sdk/src/chain/generated/index.js'
import type { AztecNetwork } from './AztecNetwork.js'

const LOOK_MS = 500
/** A machine that has other things to do may miss slots. */
const PATIENCE_MS = 15 * 60_000

/** An epoch with its checkpoints, which the rollup's own contract tells. */
export class Epoch {
  readonly number: bigint
  readonly span: IRollupView.SpanStruct
  /** The checkpoint that is to be proven. */
  readonly checkpoint: bigint
  readonly #rollup: IAztecRollup

  private constructor(rollup: IAztecRollup, number: bigint, checkpoint: bigint, span: IRollupView.SpanStruct) {
    this.#rollup = rollup
    this.number = number
    this.checkpoint = checkpoint
    this.span = span
  }

  /** Lets Aztec's sequencer propose until there is a checkpoint, and waits until its epoch is over. */
  static async next(aztec: AztecNetwork, rollup: IAztecRollup, signal: AbortSignal): Promise<Epoch> {
    const before = await rollup.getPendingCheckpointNumber()
    aztec.propose(true)
    await until(
      aztec,
      async () => (await rollup.getPendingCheckpointNumber()) > before,
      'no checkpoint was proposed',
      signal,
    )
    aztec.propose(false)
    const epoch = await rollup.getEpochForCheckpoint(before + 1n)
    await until(aztec, async () => (await rollup.getCurrentEpoch()) > epoch, 'the epoch does not end', signal)
    // What was under way when it was asked to pause may be of this epoch or of the next one.
    let first = before + 1n
    while (first > 1n && (await rollup.getEpochForCheckpoint(first - 1n)) === epoch) first--
    let last = before + 1n
    const pending = await rollup.getPendingCheckpointNumber()
    while (last < pending && (await rollup.getEpochForCheckpoint(last + 1n)) === epoch) last++
    const span = { epoch, first, last, archive: await rollup.archiveAt(last) }
    return new Epoch(rollup, epoch, last, span)
  }

  /** Checkpoints in it. */
  get length(): bigint {
    return this.checkpoint - BigInt(this.span.first) + 1n
  }

  /** Waits until the rollup says that it is proven. */
  async proven(aztec: AztecNetwork, signal: AbortSignal): Promise<void> {
    const isProven = async (): Promise<boolean> => (await this.#rollup.getProvenCheckpointNumber()) >= this.checkpoint
    await until(aztec, isProven, `epoch ${this.number} is not proven`, signal)
  }
}

async function until(
  aztec: AztecNetwork,
  test: () => Promise<boolean>,
  otherwise: string,
  signal: AbortSignal,
): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await test()); await sleep(LOOK_MS, undefined, { signal })) {
    aztec.assertRuns()
    if (Date.now() > end) throw new Error(`${otherwise}; see ${aztec.log}`)
  }
}
