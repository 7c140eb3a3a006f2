import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cliError } from '../../errors/codes/cli.js'
import { defineCommand } from '../Command.js'
import { argument, bytes32, flag, integer, option, requiredOption, text } from '../parsers.js'

export const workloadFetch = defineCommand({
  name: 'workload fetch',
  summary: 'Fetch a proof and check it against the chain and the verifier contract',
  args: { workload: argument(bytes32, 'id of the workload') },
  options: {
    out: requiredOption('directory', text, 'where proof and public_inputs go; nothing is overwritten'),
    wait: flag('wait until there is a valid proof'),
    seat: option('number', integer(1, 2 ** 24 - 1), 'the seat whose proof is wanted; by default the best one'),
  },
  examples: ['workload fetch 0x41…9e --out ./proof --wait'],
  async run({ args, options, context }) {
    const client = await context.reader()
    const { workload: id } = args
    const { signal } = context
    if (options.wait) {
      context.output.doing('waiting for a valid proof')
      await client.waitForProof({ workload: id, early: false, signal })
    }
    const proof = await client.fetchProof({
      workload: id,
      ...(options.seat !== undefined && { seat: options.seat }),
      signal,
    })
    if (proof.operator === undefined)
      throw cliError('CLI_FILE_UNREADABLE', `the operator of seat ${proof.seat} is unknown`)
    const { spec } = await client.getWorkload({ workload: id, signal })
    const verdict = await client.verifyProof({
      program: spec.program,
      workload: id,
      prover: proof.operator,
      publicInputs: proof.publicInputs,
      proof: proof.proof,
      signal,
    })
    await mkdir(options.out, { recursive: true })
    const files = { proof: join(options.out, 'proof'), publicInputs: join(options.out, 'public_inputs') }
    await writeNew(files.proof, proof.proof)
    await writeNew(files.publicInputs, proof.publicInputs)
    const { digest, seat, operator, from } = proof
    return {
      json: { workload: id, valid: verdict.valid, digest, seat, operator, from, bytes: proof.proof.length, files },
      text: [
        `${verdict.valid ? context.output.paint('good', 'Valid') : context.output.paint('bad', 'Not valid')}, ${proof.proof.length} bytes of seat ${seat}.`,
        ...context.output.facts([
          ['proof', files.proof],
          ['public inputs', files.publicInputs],
          ['sha-256', digest],
        ]),
      ],
    }
  },
})

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw cliError('CLI_FILE_EXISTS', `${path} exists`, { cause })
    throw cliError('CLI_FILE_UNREADABLE', `cannot write ${path}`, { cause })
  }
}
