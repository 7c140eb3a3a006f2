import { cliError } from '../../errors/codes/cli.js'
import { defineCommand } from '../Command.js'
import { BOND_OPTIONS, describeBond, openBonds } from '../openBonds.js'
import { address, argument, option, text } from '../parsers.js'

export const aztecSettleBond = defineCommand({
  name: 'aztec settle-bond',
  summary:
    'End a bond; anyone may, and the account gets the bounty of a proven epoch. With a proof, post that first, in one transaction',
  args: { file: argument(text, 'file that `aztec sign-bond` wrote') },
  options: {
    ...BOND_OPTIONS,
    proof: option('path', text, "JSON file with the epoch's proof, as for `aztec post`"),
    relay: option('address', address, 'the relay of these bonds, for a proof'),
  },
  sends: true,
  examples: [
    'aztec settle-bond bond.json --bonds 0x5f…e1',
    'aztec settle-bond bond.json --bonds 0x5f…e1 --proof epoch-proof.json --relay 0x7c…40',
  ],
  async run({ args, options, context }) {
    const { proof, relay } = options
    if ((proof === undefined) !== (relay === undefined)) throw cliError('CLI_USAGE', '--proof and --relay go together')
    const { readSignedBond } = await import('../../aztec/bonds/SignedBond.js')
    const { readEpochRootProof } = await import('../../aztec/posting/readEpochRootProof.js')
    const signed = await readSignedBond(args.file)
    const epochProof = proof === undefined ? undefined : await readEpochRootProof(proof)
    const account = await openBonds(context, options)
    context.output.doing('settling')
    if (epochProof === undefined || relay === undefined) {
      const status = await account.settle(signed)
      return { json: status, text: describeBond(context, status) }
    }
    const { posted, ...status } = await account.relay(signed, epochProof, relay)
    const how = posted
      ? 'The rollup has taken the proof.'
      : 'The rollup has not taken this proof: somebody was first, or it is too late.'
    return { json: { posted, ...status }, text: [how, ...describeBond(context, status)] }
  },
})
