import { hexlify, randomBytes } from 'ethers'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import type { Committee } from './committee.js'
import { operatorOf, prover, PUBLIC_INPUTS, SALT, TOKEN, type Network } from './network.js'

/** Of what a committee of the test network has. */
const MEMBERS = [0, 1, 2, 3, 4, 5, 6]
/** Between two commits. */
const SECONDS = 5

/**
 * A workload whose program has no verifier contract, with a rank for each of `proofs`: accepted, committed in this order, revealed, and judged by a
 * committee whose verdict can still be appealed.
 * @param client Has a store, for the inputs, and money.
 * @param valid Bit k: the committee finds proof k valid.
 * @returns The workload, and its seats in the order of the proofs.
 */
export async function judgedWorkload(
  network: Network,
  client: GevulotClient,
  committee: Committee,
  { proofs, valid }: { readonly proofs: readonly Uint8Array[]; readonly valid: number },
): Promise<{ workload: WorkloadId; seats: readonly number[] }> {
  const [image, verifierProgram] = [hexlify(randomBytes(32)), hexlify(randomBytes(32))]
  const { program } = await client.deployProgram({ prover: image, verifierProgram })
  const inputs = { files: { public_inputs: PUBLIC_INPUTS } }
  const terms = { fee: 20n * TOKEN, maxRunTime: 100, redundancy: proofs.length }
  const { workload, spec } = await client.submit({ program, inputs, ...terms })
  await network.chain.mine(4)
  await client.assign({ workload })
  const seats = (await client.getWorkload({ workload })).slots.map(({ seat }) => seat)
  // An answer keeps a slot from opening meanwhile.
  for (const seat of seats) await prover.accept(network, workload, seat)
  for (const [index, seat] of seats.entries()) {
    await network.chain.pass(SECONDS)
    await prover.commit(network, workload, seat, proofs[index])
  }
  await network.chain.pass(devnet.rules.revealDelay + 1)
  for (const [index, seat] of seats.entries()) {
    const proof = proofs[index]!
    const { market } = operatorOf(network, seat).contracts
    await (await market.revealToCommittee(spec, seat, digestOf(proof), SALT, proof, '')).wait()
  }
  await committee.draw(workload, spec)
  await committee.vote(workload, valid, MEMBERS)
  return { workload, seats }
}
