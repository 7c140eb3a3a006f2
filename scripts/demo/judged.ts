import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { GevulotClient } from '../../sdk/src/client/index.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import type { DemoProgram } from './programs.js'
import type { Story } from './Story.js'

const REDUNDANCY = 2
const TRIES = 3

/** What a judged workload needs. */
export interface JudgedWorkload {
  readonly client: GevulotClient
  readonly story: Story
  /** A program without a verifier contract. */
  readonly program: DemoProgram
  /** Token units. */
  readonly fee: bigint
  readonly seconds: number
  readonly directory: string
}

/**
 * Runs a workload whose proofs a committee of validators judges, and checks the proof with the verifier program. A draw of provers
 * that misbehave can cost a try.
 */
export async function runJudged(wish: JudgedWorkload, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) if (await once(wish, attempt, signal)) return
  throw new Error('no judged workload was proven')
}

async function once(wish: JudgedWorkload, index: number, signal: AbortSignal): Promise<boolean> {
  const { client, story, program, fee, seconds, directory } = wish
  const { workload } = await client.submit({
    program: program.id,
    inputs: { files: await program.inputs(index) },
    fee,
    maxRunTime: seconds,
    redundancy: REDUNDANCY,
  })
  story.announce(workload, `${program.built.name} ×${REDUNDANCY} judged`)
  for (;;) {
    const now = await client.getWorkload({ workload })
    if (now.status === 'proving' && now.commits >= REDUNDANCY) await close(client, workload)
    if (now.status === 'expired' || now.status === 'cancelled') return false
    if (now.status === 'proven') break
    await sleep(1000, undefined, { signal })
  }
  const { proof, operator } = await client.fetchProof({ workload })
  const { spec } = await client.getWorkload({ workload })
  const { valid } = await client.verifyProofWithProgram({
    program: program.id,
    workload,
    prover: operator ?? '0x',
    inputs: spec.inputs,
    proof,
    cacheDirectory: join(directory, 'requester', 'cache'),
  })
  if (!valid) throw new Error(`the committee took a proof of ${workload} that does not verify`)
  story.retrieved(workload, false)
  return true
}

/** While a slot is open only the requester, or time, closes commits. */
async function close(client: GevulotClient, workload: `0x${string}`): Promise<void> {
  await client.release({ workload }).catch((error: unknown) => {
    if (!GevulotError.is(error, 'CONTRACT_COMMITS_CLOSED_ALREADY')) throw error
  })
}
