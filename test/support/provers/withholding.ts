/** A prover that reveals a proof to a committee and serves it to nobody: it must gain nothing. */
import { hexlify, randomBytes } from 'ethers'

import { commitmentOf, readRules, readSlot, readWorkloadState, type Hex } from '../../../sdk/src/chain/index.js'
import { digestOf } from '../../../sdk/src/content/index.js'
import { misbehave } from './Misbehaver.js'

const secrets = new Map<string, { readonly digest: ReturnType<typeof digestOf>; readonly salt: Hex }>()

await misbehave(async (dossier, seat, { contracts, calls, publisher, signer, time, log }) => {
  const { workload } = dossier
  const key = { workload, seat }
  const own = secrets.get(workload) ?? { digest: digestOf(randomBytes(64)), salt: hexlify(randomBytes(32)) as Hex }
  secrets.set(workload, own)
  const [state, slot] = [await readWorkloadState(contracts, workload), await readSlot(contracts, workload, seat)]
  if (state.phase !== 'Proving') return
  const now = time.now()
  const isOpen = !state.closedEarly && now <= state.deadline
  if (isOpen && (slot.state === 'Assigned' || slot.state === 'Accepted')) {
    const commitment = commitmentOf({ ...key, proofDigest: own.digest, salt: own.salt, operator: signer.address })
    void publisher.publish(calls.commit(key, commitment, state.deadline))
  } else if (!isOpen && slot.state === 'Committed') {
    const rules = await readRules(contracts, dossier.terms.rules)
    const from = state.deadline + rules.revealDelay
    if (now <= from) return
    log.info('revealing what nobody can fetch', { workload, seat, stage: 'reveal' })
    const proof = { digest: own.digest, salt: own.salt, proof: new Uint8Array(), uri: 'http://127.0.0.1:9/' }
    void publisher.publish(calls.revealToCommittee(key, dossier, proof, from + rules.revealWindow))
  }
})
