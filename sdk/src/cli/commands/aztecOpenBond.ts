import { defineCommand } from '../Command.js'
import { BOND_OPTIONS, describeBond, openBonds } from '../openBonds.js'
import { argument, text } from '../parsers.js'

export const aztecOpenBond = defineCommand({
  name: 'aztec open-bond',
  summary: 'Open a bond that its proposer has signed; anyone may',
  args: { file: argument(text, 'file that `aztec sign-bond` wrote') },
  options: BOND_OPTIONS,
  sends: true,
  examples: ['aztec open-bond bond.json --bonds 0x5f…e1'],
  async run({ args, options, context }) {
    const { readSignedBond } = await import('../../aztec/bonds/SignedBond.js')
    const signed = await readSignedBond(args.file)
    const account = await openBonds(context, options)
    context.output.doing('opening')
    const status = await account.open(signed)
    return { json: status, text: describeBond(context, status) }
  },
})
