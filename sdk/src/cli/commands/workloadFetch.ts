import { lstat, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GevulotClient } from '../../client/createClient.js'
import type { Proof } from '../../client/fetchProof.js'
import { cliError } from '../../errors/codes/cli.js'
import { defineCommand } from '../Command.js'
import { argument, bytes32, flag, integer, option, requiredOption, text } from '../parsers.js'

export const workloadFetch = defineCommand({
  name: 'workload fetch',
  summary: 'Fetch a proof and check it against the chain and whoever judges it',
  details:
    'The verifier contract is asked once more; where a committee judges, its final verdict on the chain counts. Exits with 3 when the contract does not take a proof any more that the chain has found valid: the files are written all the same.',
  args: { workload: argument(bytes32, 'id of the workload') },
  options: {
    out: requiredOption('directory', text, 'where proof and public_inputs go; nothing is overwritten'),
    wait: flag('wait until there is a valid proof'),
    seat: option('number', integer(1, 2 ** 24 - 1), 'the seat whose proof is wanted; by default the best one'),
  },
  examples: ['workload fetch 0x41…9e --out ./proof --wait'],
  async run({ args, options, context }) {
    const files = { proof: join(options.out, 'proof'), publicInputs: join(options.out, 'public_inputs') }
    // Before it waits for hours.
    for (const path of Object.values(files)) await checkFree(path)
    const client = await context.reader()
    const { workload: id } = args
    const { signal, output } = context
    if (options.wait) {
      output.doing('waiting for a valid proof')
      await client.waitForProof({ workload: id, early: false, signal })
    }
    const proof = await client.fetchProof({
      workload: id,
      ...(options.seat !== undefined && { seat: options.seat }),
      signal,
    })
    const { valid, verdict } = await judge(client, id, proof, signal)
    await mkdir(options.out, { recursive: true })
    await writeNew(files.proof, proof.proof)
    await writeNew(files.publicInputs, proof.publicInputs)
    const { digest, seat, operator, from } = proof
    const size = `${proof.proof.length} bytes of seat ${seat}.`
    return {
      json: { workload: id, valid, verdict, digest, seat, operator, from, bytes: proof.proof.length, files },
      text: [
        valid
          ? `${output.paint('good', 'Valid')}, ${SAID[verdict]}, ${size}`
          : `${output.paint('bad', 'NOT VALID')}, ${SAID[verdict]} now, though the chain has found it so: ${size}`,
        ...output.facts([
          ['proof', files.proof],
          ['public inputs', files.publicInputs],
          ['sha-256', digest],
        ]),
      ],
      exit: valid ? 'ok' : 'disagrees',
    }
  },
})

/** Whose verdict it is. */
type Judge = 'committee' | 'verifier contract'

const SAID: Readonly<Record<Judge, string>> = {
  committee: "by the committee's verdict on the chain",
  'verifier contract': 'by the verifier contract',
}

async function judge(
  client: GevulotClient,
  workload: `0x${string}`,
  { seat, operator: prover, publicInputs, proof }: Proof,
  signal: AbortSignal,
): Promise<{ readonly valid: boolean; readonly verdict: Judge }> {
  const { getPinnedProgram } = await import('../../client/getProgram.js')
  const { program } = (await client.getWorkload({ workload, signal })).spec
  // Only a proof that a final verdict finds valid is fetched.
  if ((await getPinnedProgram(client, { program, signal })).judged) return { valid: true, verdict: 'committee' }
  if (prover === undefined) throw cliError('CLI_FILE_UNREADABLE', `the operator of seat ${seat} is unknown`)
  const { valid } = await client.verifyProof({ program, workload, prover, publicInputs, proof, signal })
  return { valid, verdict: 'verifier contract' }
}

async function checkFree(path: string): Promise<void> {
  try {
    await lstat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw cliError('CLI_FILE_UNREADABLE', `cannot look at ${path}`, { cause: error })
  }
  throw cliError('CLI_FILE_EXISTS', `${path} exists`)
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw cliError('CLI_FILE_EXISTS', `${path} exists`, { cause })
    throw cliError('CLI_FILE_UNREADABLE', `cannot write ${path}`, { cause })
  }
}
