import { expect } from 'chai'
import { ZeroAddress, ZeroHash } from 'ethers'

import type { Contracts, Judgment, Rules, Spec, WorkloadId } from '../../sdk/src/chain/index.js'
import { ICommittee__factory } from '../../sdk/src/chain/generated/factories/ICommittee__factory.js'
import { CommitteeCalls } from '../../sdk/src/worker/coordinate/CommitteeCalls.js'
import type { Dossier } from '../../sdk/src/worker/coordinate/Dossier.js'

const WORKLOAD = `0x${'01'.repeat(32)}` as WorkloadId
const SPEC = {
  ...{ program: ZeroHash, inputs: ZeroHash, publicInputs: ZeroHash, deliveryKey: ZeroHash, terms: 0n },
  requester: ZeroAddress,
} as Spec
const abi = ICommittee__factory.createInterface()

// Nothing of the chain is asked in these cases, so the calls need no more of it than the committee's interface.
const calls = new CommitteeCalls({ committee: { interface: abi }, addresses: { committee: ZeroAddress } } as Contracts)

async function next(judgment: Partial<Judgment>) {
  const dossier = { workload: WORKLOAD, spec: SPEC } as Dossier
  const request = await calls.next(dossier, judgment as Judgment, {} as Rules)
  return request && { key: request.key, name: abi.parseTransaction(request)?.name }
}

describe('worker: the next act of a judging', () => {
  it('opens the first attempt, and the next after one that failed', async () => {
    const want = { key: `open/${WORKLOAD}/1`, name: 'open' }
    expect(await next({ stage: 'None', attempts: 0, attempt: 0, round: 0 })).to.deep.equal(want)
    const second = { key: `open/${WORKLOAD}/2`, name: 'open' }
    expect(await next({ stage: 'Failed', attempts: 1, attempt: 1, round: 7 })).to.deep.equal(second)
  })

  it('opens an attempt again that the beacon named no round for, the appeal too', async () => {
    const want = (attempt: number) => ({ key: `open/${WORKLOAD}/${attempt}`, name: 'open' })
    expect(await next({ stage: 'Drawing', attempts: 2, attempt: 2, round: 0 })).to.deep.equal(want(2))
    expect(await next({ stage: 'Drawing', attempts: 2, attempt: 4, round: 0 })).to.deep.equal(want(4))
  })

  it('waits while members answer, and for the end', async () => {
    for (const stage of ['Voting', 'Appealable', 'Final', 'GivenUp'] as const) {
      expect(await next({ stage, attempts: 1, attempt: 1, round: 7 })).to.equal(undefined)
    }
  })
})
