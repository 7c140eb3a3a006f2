/** A prover that commits at once to random bytes and reveals them: it must gain nothing and keep nobody from being paid. */
import { hexlify, randomBytes } from 'ethers'

import {
  commitmentOf,
  readPin,
  readRules,
  readSlot,
  readWorkloadState,
  type Hex,
} from '../../../sdk/src/chain/index.js'
import {
  digestFromHex,
  digestOf,
  parseInputsManifest,
  PUBLIC_INPUTS,
  type ContentSource,
  type Digest,
} from '../../../sdk/src/content/index.js'
import { misbehave } from './Misbehaver.js'

const PROOF_BYTES = 64
const MAX_BYTES = 2 ** 20
const junk = new Map<string, { readonly proof: Uint8Array; readonly salt: Hex }>()

async function publicInputsOf(content: ContentSource, inputs: Digest): Promise<Uint8Array> {
  const { files } = parseInputsManifest(await content.get(inputs, { maxBytes: MAX_BYTES }))
  const file = files.find(({ name }) => name === PUBLIC_INPUTS)
  if (file === undefined) throw new Error('the inputs have no public inputs')
  return content.get(digestFromHex(file.sha256), { maxBytes: MAX_BYTES })
}

await misbehave(async (dossier, seat, { contracts, calls, publisher, signer, time, log, content }) => {
  const { workload } = dossier
  const key = { workload, seat }
  const own = junk.get(workload) ?? { proof: randomBytes(PROOF_BYTES), salt: hexlify(randomBytes(32)) as Hex }
  junk.set(workload, own)
  const [state, slot] = [await readWorkloadState(contracts, workload), await readSlot(contracts, workload, seat)]
  if (state.phase !== 'Proving') return
  const now = time.now()
  const isOpen = !state.closedEarly && now <= state.deadline
  if (isOpen && (slot.state === 'Assigned' || slot.state === 'Accepted')) {
    log.info('committing to junk', { workload, seat, stage: 'commit' })
    const commitment = commitmentOf({
      ...key,
      proofDigest: digestOf(own.proof),
      salt: own.salt,
      operator: signer.address,
    })
    void publisher.publish(calls.commit(key, commitment, state.deadline))
  } else if (!isOpen && slot.state === 'Committed') {
    const rules = await readRules(contracts, dossier.terms.rules)
    const from = state.deadline + rules.revealDelay
    if (now <= from) return
    log.info('revealing junk', { workload, seat, stage: 'reveal' })
    const publicInputs = await publicInputsOf(content, dossier.spec.inputs)
    const kept = { path: '', digest: digestOf(own.proof), proof: own.proof, publicInputs }
    const pin = await readPin(contracts, dossier.spec.program)
    void publisher.publish(calls.reveal(key, dossier, pin, kept, own.salt, from + rules.revealWindow))
  }
})
