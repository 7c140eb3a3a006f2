import { defineCommand } from '../Command.js'
import { address, flag, integer, option, optionWithDefault, requiredOption, text } from '../parsers.js'

export const programDeploy = defineCommand({
  name: 'program deploy',
  summary: 'Pin a prover and its verifier on chain',
  details: 'The same program has the same id whoever deploys it, so repeating the command is harmless.',
  options: {
    prover: requiredOption('digest', text, "sha-256 (hex or CID) of the prover package's manifest"),
    verifier: option('address', address, 'verifier contract; its code is pinned. Without one a committee judges'),
    verifierProgram: option(
      'digest',
      text,
      "sha-256 (hex or CID) of the verifier package's manifest; needed without a verifier contract",
    ),
    verifierGas: option('gas', integer(1, 30_000_000), 'gas one verification may use; 1,000,000 by default'),
    class: optionWithDefault('number', integer(1, 255), 1, 'hardware class'),
    bindsProver: flag("the proof binds the prover's address"),
    uri: option('uri', text, 'where the packages can be fetched; a hint, the digests alone are trusted'),
  },
  sends: true,
  examples: ['program deploy --prover 0x2f…c1 --verifier 0x5FbDB2315678afecb367f032d93F642f64180aa3'],
  async run({ options, context }) {
    const client = await context.client()
    context.output.doing('deploying')
    const { prover, verifier, verifierProgram, verifierGas, uri, class: hardwareClass, bindsProver } = options
    const { program, created } = await client.deployProgram({
      ...{ prover, class: hardwareClass, bindsProver },
      ...(verifier !== undefined && { verifier }),
      ...(verifierGas !== undefined && { verifierGas }),
      ...(verifierProgram !== undefined && { verifierProgram }),
      ...(uri !== undefined && { uri }),
      signal: context.signal,
    })
    return {
      json: { program, created },
      text: [created ? `Deployed program ${program}.` : `Program ${program} was there before; nothing was sent.`],
    }
  },
})
