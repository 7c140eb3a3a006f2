import { defineCommand } from '../Command.js'
import { BOND_OPTIONS, describeBond, readBonds } from '../openBonds.js'
import { argument, text } from '../parsers.js'

export const aztecShowBond = defineCommand({
  name: 'aztec show-bond',
  summary: 'How a bond stands, whether its epoch is proven, and what its proposer has behind it',
  args: { file: argument(text, 'file that `aztec sign-bond` wrote') },
  options: BOND_OPTIONS,
  examples: ['aztec show-bond bond.json --bonds 0x5f…e1'],
  async run({ args, options, context }) {
    const { readSignedBond } = await import('../../aztec/bonds/SignedBond.js')
    const signed = await readSignedBond(args.file)
    const status = await (await readBonds(context, options)).look(signed)
    return { json: status, text: describeBond(context, status) }
  },
})
