import { expect } from 'chai'

import type { Contracts } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import type { Excess } from '../../sdk/src/worker/publish/RelayReach.js'
import { proofCheck } from '../../sdk/src/worker/run/checkOnChain.js'
import type { Ended } from '../../sdk/src/worker/run/Ended.js'
import type { KeptProof } from '../../sdk/src/worker/run/ProofStore.js'
import type { WorkOrder } from '../../sdk/src/worker/run/WorkOrder.js'

const WORKLOAD = `0x${'ab'.repeat(32)}`
const ACCOUNT = `0x${'22'.repeat(20)}`
const YES = `0x${'00'.repeat(31)}01`

describe('worker: the check of a proof before it is committed to', () => {
  const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
  const order = {
    ...{ workload: WORKLOAD, prover: ACCOUNT, program: { verifier: ACCOUNT, verifierGas: 200_000 } },
    secondsLeft: () => 60,
  } as unknown as WorkOrder
  const kept = { publicInputs: new Uint8Array(32), proof: new Uint8Array(64) } as KeptProof

  async function check(excess: Excess | undefined): Promise<unknown> {
    const contracts = { provider: { call: async () => YES } } as unknown as Contracts
    const reach = { excess: async () => excess }
    const checked = proofCheck({ contracts, maxGas: 2n ** 24n, reach, clock: systemClock, log })
    return checked(order, kept, new AbortController().signal).catch((error: Ended) => error.result)
  }

  it('gives no proof up that nobody would show now, when that may pass', async () => {
    const why = 'no relay carries that out'
    expect(await check(undefined)).to.be.undefined
    expect(await check({ why, isPassing: true })).to.be.undefined
    expect(await check({ why, isPassing: false })).to.deep.equal({ kind: 'refused', why })
  })
})
