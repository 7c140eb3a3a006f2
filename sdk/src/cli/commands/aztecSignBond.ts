import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { BOND_OPTIONS, openBonds } from '../openBonds.js'
import { address, argument, integer, option, optionWithDefault, requiredOption, text, tokens } from '../parsers.js'

export const aztecSignBond = defineCommand({
  name: 'aztec sign-bond',
  summary: 'Sign a bond on an epoch that is over, as its proposer, into a file',
  details:
    'Sends nothing. Whoever holds the file can open the bond with `aztec open-bond`: give it to the prover that is to rely on it. Check the attestations of what you bond on first: if a checkpoint of it is taken back, the deposit burns.',
  args: { file: argument(text, 'JSON file to write') },
  options: {
    ...BOND_OPTIONS,
    epoch: requiredOption('number', integer(0, Number.MAX_SAFE_INTEGER), 'an epoch that is over'),
    prover: requiredOption('address', address, 'who gets the tip'),
    proverId: requiredOption('address', address, 'who earns by the proof, as it will be named in it'),
    deposit: requiredOption('tokens', tokens, 'comes back if the epoch is proven in time, else burns'),
    tip: optionWithDefault('tokens', tokens, 0n, 'for the prover, if it has proven it'),
    bounty: optionWithDefault('tokens', tokens, 0n, 'for whoever settles the bond of a proven epoch'),
    slot: option('number', integer(0, Number.MAX_SAFE_INTEGER), 'in which the account proposes, of the epoch or the next one; found by itself'), // prettier-ignore
  },
  examples: [
    'aztec sign-bond bond.json --bonds 0x5f…e1 --epoch 812 --prover 0x0b…0b --prover-id 0x0f…0f --deposit 50 --tip 3',
  ],
  async run({ args, options, context }) {
    const { writeSignedBond } = await import('../../aztec/bonds/SignedBond.js')
    const { epoch, slot, prover, proverId, deposit, tip, bounty } = options
    const account = await openBonds(context, options)
    const terms = { epoch: BigInt(epoch), prover, proverId, deposit, tip, bounty }
    const signed = await account.sign({ ...terms, ...(slot !== undefined && { slot: BigInt(slot) }) })
    await writeSignedBond(args.file, signed)
    const { span } = signed.bond
    return {
      json: { file: args.file, ...signed },
      text: [
        `Signed: ${formatTokens(deposit + tip + bounty)} on checkpoints ${span.first} to ${span.last} of epoch ${span.epoch}, in ${args.file}. Whoever holds the file can open it.`,
      ],
    }
  },
})
