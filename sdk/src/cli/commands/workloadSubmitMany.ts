import { access, constants } from 'node:fs/promises'
import type { GevulotClient } from '../../client/createClient.js'
import type { WorkloadRequest } from '../../client/submission.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { defineCommand } from '../Command.js'
import { formatProgress, formatTokens } from '../format.js'
import { argument, flag, integer, option, text } from '../parsers.js'
import { filesOf, readRequests, type FiledRequest } from '../readRequests.js'

export const workloadSubmitMany = defineCommand({
  name: 'workload submit-many',
  summary: 'Ask the network for many proofs, 64 in a transaction',
  details:
    'The file is a JSON array of requests, or has one a line. The members of a request are named as the options of workload submit: program, maxRunTime, redundancy, rescue, fee (in tokens; by default the least), and either input (names and paths, which start at the folder of the file) with arg, or inputs with publicInputsHash; and inputsUri. For example {"program":"0x9c…17","maxRunTime":600,"input":{"public_inputs":"public.bin"}}. Each takes the nonce behind the one before. All are checked before the first is sent. When it ends early it says with which nonce the same command goes on: what was submitted is then found, not submitted twice.',
  args: { file: argument(text, 'the requests, .json or .jsonl') },
  options: {
    deposit: flag('deposit what the balance in the market lacks'),
    nonce: option('number', integer(0, 2 ** 32 - 1), "the account's nonce for the first; by default the next one"),
  },
  sends: true,
  examples: [
    'workload submit-many ./requests.jsonl --deposit',
    'workload submit-many ./requests.jsonl --nonce 17 --json',
  ],
  async run({ args, options, context }) {
    const asked = await readRequests(args.file)
    const files = filesOf(asked)
    if (files.length > 0) await context.setting('store')
    // Before anything is paid for.
    await Promise.all(files.map((path) => access(path, constants.R_OK)))
    const client = await context.client()
    const { checkInputs } = await import('../../client/submission.js')
    const { output, signal } = context
    const requests = await withFees(client, asked, signal)
    const { market, nonce: next } = await client.getBalance()
    const nonce = options.nonce ?? next
    try {
      // What is submitted already has been paid, and a nonce that is not next yet is refused.
      const open = nonce > next ? [] : requests.slice(next - nonce)
      const lacking = open.reduce((sum, { fee }) => sum + fee, 0n) - market
      if (options.deposit && lacking > 0n) {
        await checkInputs(client, requests, next - nonce)
        output.doing(`depositing ${formatTokens(lacking)}`)
        await client.deposit({ amount: lacking, signal })
      }
      const submitting = `submitting ${requests.length} workloads`
      output.doing(files.length > 0 ? 'publishing inputs' : submitting)
      const submitted = await client.submitMany({
        ...{ requests, nonce, signal },
        onProgress: ({ stored, total }) => {
          if (stored === total) output.doing(submitting)
          else output.progress(`publishing inputs ${formatProgress(stored, total)}`)
        },
      })
      const workloads = submitted.map(({ workload, created, block, transaction, spec }, index) => ({
        ...{ nonce: nonce + index, workload, created, fee: requests[index]?.fee ?? 0n, block, transaction },
        inputs: spec.inputs,
      }))
      const fresh = workloads.filter(({ created }) => created)
      const fee = fresh.reduce((sum, each) => sum + each.fee, 0n)
      const before = workloads.length - fresh.length
      return {
        json: { nonce, fee, workloads },
        text: [
          `Submitted ${fresh.length} for ${formatTokens(fee)}.${before === 0 ? '' : ` ${before} had been submitted before.`}`,
          '',
          ...output.table(
            ['NONCE', 'WORKLOAD', 'FEE', 'BLOCK', ''],
            workloads.map((each) => [
              ...[String(each.nonce), each.workload, formatTokens(each.fee), String(each.block)],
              each.created ? '' : 'before',
            ]),
          ),
        ],
      }
    } catch (error) {
      throw error instanceof GevulotError && options.nonce === undefined ? goingOn(error, nonce) : error
    }
  },
})

/** The requests with the least fee where they name none; asked for once for the same terms. */
async function withFees(
  client: GevulotClient,
  asked: readonly FiledRequest[],
  signal: AbortSignal,
): Promise<WorkloadRequest[]> {
  const known = new Map<string, bigint>()
  const requests: WorkloadRequest[] = []
  for (const request of asked) {
    const { program, maxRunTime, redundancy = 1 } = request
    const terms = `${program} ${maxRunTime} ${redundancy}`
    const fee =
      request.fee ?? known.get(terms) ?? (await client.quote({ program, maxRunTime, redundancy, signal })).minimumFee
    if (request.fee === undefined) known.set(terms, fee)
    requests.push({ ...request, fee })
  }
  return requests
}

/** The same error, which says how to go on. */
function goingOn(error: GevulotError, nonce: number): GevulotError {
  const { code, message, details, cause } = error
  return new GevulotError(code, error, `${message} (to go on: --nonce ${nonce})`, {
    details: { ...details, nonce },
    cause,
  })
}
