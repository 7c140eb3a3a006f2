import { defineCommand } from '../Command.js'
import { address, argument, integer, optionWithDefault, requiredOption, text } from '../parsers.js'

export const aztecPost = defineCommand({
  name: 'aztec post',
  summary: "Post a finished proof of an epoch to Aztec's rollup",
  details:
    'Sends nothing that would revert, and nothing twice: it may be called again at any time. The key pays the gas and plays no other part, the proof says who earns.',
  args: {
    proof: argument(text, "JSON file with the arguments of the rollup's submitEpochRootProof, see docs/aztec.md"),
  },
  options: {
    rollup: requiredOption('address', address, 'the rollup contract'),
    proverId: requiredOption('address', address, 'who is to earn; a proof that names another is not sent'),
    chain: optionWithDefault('id', integer(1, Number.MAX_SAFE_INTEGER), 1, 'chain that the rollup is on'),
  },
  sends: true,
  examples: ['aztec post epoch-proof.json --rollup 0x60…aa --prover-id 0x0f…0f'],
  async run({ args, options, context }) {
    const [rpcUrl, keyFile] = [await context.setting('rpcUrl'), await context.setting('keyFile')]
    const { readEpochRootProof } = await import('../../aztec/posting/readEpochRootProof.js')
    const { submitEpochRootProof } = await import('../../aztec/posting/submitEpochRootProof.js')
    const { rpcProvider } = await import('../../chain/rpcProvider.js')
    const { openSigner } = await import('../openSigner.js')
    const { rollup, proverId, chain } = options
    const proof = await readEpochRootProof(args.proof)
    const signer = await openSigner(keyFile, rpcProvider(rpcUrl, chain), context)
    context.output.doing('posting')
    const posted = await submitEpochRootProof({ rollup, signer, proof, proverId, signal: context.signal })
    const { status, epoch, proven, transaction, gasUsed } = posted
    const how = status === 'already' ? 'was there before; nothing was sent' : `is posted by ${String(transaction)}`
    return {
      json: { status, epoch, proven, transaction: transaction ?? null, gasUsed: gasUsed ?? null },
      text: [`The proof of epoch ${epoch} ${how}. Proven up to checkpoint ${proven}.`],
    }
  },
})
