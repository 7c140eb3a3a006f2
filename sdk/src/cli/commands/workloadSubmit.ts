import { access, constants } from 'node:fs/promises'
import { cliError } from '../../errors/codes/cli.js'
import { defineCommand } from '../Command.js'
import { formatProgress, formatTokens } from '../format.js'
import {
  argument,
  bytes32,
  flag,
  integer,
  manyOption,
  namedPath,
  option,
  optionWithDefault,
  requiredOption,
  text,
  tokens,
} from '../parsers.js'

export const workloadSubmit = defineCommand({
  name: 'workload submit',
  summary: 'Ask the network for a proof',
  details:
    'Publishes the input files in the store, locks the fee, and prints the id of the workload. One of the inputs is called public_inputs.',
  args: { program: argument(bytes32, 'id of the program') },
  options: {
    input: manyOption('name=path', namedPath, 'an input file under the name the program sees; repeat it'),
    arg: manyOption('text', text, 'an argument of the program; repeat it'),
    inputs: option('digest', text, 'sha-256 of an inputs manifest that is published already, instead of --input'),
    publicInputsHash: option('hash', bytes32, 'keccak-256 of the public inputs, with --inputs'),
    inputsUri: option('uri', text, 'where the inputs can be fetched; a hint'),
    maxRunTime: requiredOption('seconds', integer(1, 86_400), 'from the draw until commits close'),
    redundancy: optionWithDefault('number', integer(1, 8), 1, 'ranked proofs to pay for'),
    rescue: optionWithDefault('percent', integer(50, 100), 60, 'of the run time; then every uncommitted slot is open'),
    fee: option('tokens', tokens, 'the whole fee; by default the least'),
    deposit: flag('deposit what the balance in the market lacks'),
    nonce: option('number', integer(0, 2 ** 32 - 1), "the account's nonce; repeat a lost command with the same one"),
  },
  sends: true,
  examples: [
    'workload submit 0x9c…17 --input public_inputs=./public.bin --input witness=./witness.bin --max-run-time 600 --deposit',
  ],
  async run({ args, options, context }) {
    const { input, arg, inputs, publicInputsHash, inputsUri, deposit, nonce, ...terms } = options
    if ((inputs === undefined) === (input.length === 0)) {
      throw cliError('CLI_USAGE', 'either --input is needed, or --inputs with --public-inputs-hash')
    }
    if ((inputs === undefined) !== (publicInputsHash === undefined)) {
      throw cliError('CLI_USAGE', '--inputs and --public-inputs-hash belong together')
    }
    if (inputs === undefined) await context.setting('store')
    // Before anything is paid for.
    await Promise.all(input.map(([, path]) => access(path, constants.R_OK)))
    const client = await context.client()
    const { checkInputs } = await import('../../client/submission.js')
    const { program } = args
    const fee = terms.fee ?? (await client.quote({ program, ...withoutFee(terms) })).minimumFee
    const { output, signal } = context
    const given =
      inputs !== undefined && publicInputsHash !== undefined
        ? { digest: inputs, publicInputs: publicInputsHash }
        : { args: arg, files: Object.fromEntries(input.map(([name, path]) => [name, { path }])) }
    if (deposit) {
      const { market, nonce: next } = await client.getBalance()
      if ((nonce ?? next) === next) await checkInputs(client, [{ program, inputs: given }])
      // A nonce that is used already has paid, and one that is not next yet is refused.
      if ((nonce ?? next) === next && market < fee) {
        output.doing(`depositing ${formatTokens(fee - market)}`)
        await client.deposit({ amount: fee - market, signal })
      }
    }
    output.doing(inputs === undefined ? 'publishing inputs' : 'submitting')
    const submitted = await client.submit({
      program,
      inputs: given,
      ...terms,
      fee,
      ...(inputsUri !== undefined && { inputsUri }),
      ...(nonce !== undefined && { nonce }),
      onProgress: ({ stored, total }) => {
        if (stored === total) output.doing('submitting')
        else output.progress(`publishing inputs ${formatProgress(stored, total)}`)
      },
      signal,
    })
    const { workload, block, transaction, created } = submitted
    return {
      json: { workload, created, fee, block, transaction, inputs: submitted.spec.inputs },
      text: [
        created ? `Submitted for ${formatTokens(fee)}.` : 'This request had been submitted before; nothing was sent.',
        workload,
      ],
    }
  },
})

function withoutFee<T extends { readonly fee: unknown }>({ fee: _, ...rest }: T): Omit<T, 'fee'> {
  return rest
}
