import { toAddress, type Hex } from '../../../sdk/src/chain/index.js'
import { submitEpochRootProof, type EpochRootProof } from '../../../sdk/src/aztec/index.js'
import { ROLLUP } from '../../../sdk/src/aztec/posting/rollupInterface.js'
import { GevulotError } from '../../../sdk/src/errors/GevulotError.js'
import { ACCOUNTS } from './accounts.js'
import type { ProvenEpoch, Stage } from './proveEpoch.js'
import { SIMULATED, tell } from './say.js'

/** Posts an epoch by our own helper at the real contract: the proof that is there, one of another prover, one of another chain. */
export async function postAgain(
  { chain, bonding, identity }: Stage,
  proven: ProvenEpoch,
  signal: AbortSignal,
): Promise<void> {
  const sent = await chain.provider.getTransaction(proven.transaction)
  const proof = ROLLUP.parseTransaction({ data: sent?.data ?? '0x' })?.args[0] as {
    toObject(deep: boolean): EpochRootProof
  }
  const posted = proof.toObject(true)
  const signer = chain.wallet(ACCOUNTS.passerBy)
  const options = { rollup: (await bonding.rollup.getAddress()) as Hex, signer, signal }
  const again = await submitEpochRootProof({ ...options, proof: posted, proverId: identity.address as Hex })
  expectStatus(again.status, 'already')
  tell('the same proof again: the rollup has it, nothing is sent')
  const proverId = toAddress(signer.address)
  const other = { ...posted, args: { ...posted.args, proverId } }
  const second = await submitEpochRootProof({ ...options, proof: other, proverId })
  expectStatus(second.status, 'posted')
  tell(
    `another prover's proof: posted for ${String(second.gasUsed)} gas, the epoch's reward is shared; ${SIMULATED}: the mock took it`,
  )
  const moved: EpochRootProof = {
    ...other,
    args: { ...other.args, endArchive: `0x${'11'.repeat(32)}`, proverId: toAddress(`0x${'22'.repeat(20)}`) },
  }
  const refusal = await submitEpochRootProof({ ...options, proof: moved, proverId: moved.args.proverId }).catch(
    (error: unknown) => error,
  )
  if (!GevulotError.is(refusal, 'AZTEC_CHAIN_MOVED'))
    throw new Error('a proof of another chain was not refused as such', { cause: refusal })
  tell(`a proof of another chain: ${refusal.code}, ${refusal.message}`)
}

function expectStatus(have: string, want: string): void {
  if (have !== want) throw new Error(`posting ended as ${have}, not ${want}`)
}
