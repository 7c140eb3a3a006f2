import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, integer, optionWithDefault, requiredOption, tokens } from '../parsers.js'

export const aztecDeployBonds = defineCommand({
  name: 'aztec deploy-bonds',
  summary: "Deploy the bonds of a rollup of Aztec's, with their view of it and a relay",
  details:
    'None of them has an owner: whoever deploys them keeps no power. One deployment serves all proposers of a rollup.',
  options: {
    rollup: requiredOption('address', address, 'the rollup contract'),
    token: requiredOption('address', address, 'token of deposits, tips and bounties, of 18 decimals'),
    withdrawalDelay: optionWithDefault('seconds', integer(0, 30 * 86_400), 7_200, 'between asking for a withdrawal and making it: three epochs of the rollup'), // prettier-ignore
    leastDeposit: optionWithDefault('tokens', tokens, 10n * 10n ** 18n, 'least deposit of a bond'),
    chain: optionWithDefault('id', integer(1, Number.MAX_SAFE_INTEGER), 1, 'chain that the rollup is on'),
  },
  sends: true,
  examples: ['aztec deploy-bonds --rollup 0x60…aa --token 0x41…0c'],
  async run({ options, context }) {
    const [rpcUrl, keyFile] = [await context.setting('rpcUrl'), await context.setting('keyFile')]
    const { deployBonds } = await import('../../aztec/bonds/deployBonds.js')
    const { rpcProvider } = await import('../../chain/rpcProvider.js')
    const { openSigner } = await import('../openSigner.js')
    const { chain, ...parameters } = options
    const signer = await openSigner(keyFile, rpcProvider(rpcUrl, chain), context)
    context.output.doing('deploying')
    const deployed = await deployBonds(signer, parameters)
    return {
      json: deployed,
      text: context.output.facts([
        ...([['bonds', deployed.bonds], ['relay', deployed.relay], ['view', deployed.view]] as const), // prettier-ignore
        ['least deposit', formatTokens(options.leastDeposit)],
      ]),
    }
  },
})
