import { defineCommand } from '../Command.js'
import { optionalArgument, text } from '../parsers.js'

export const aztecServe = defineCommand({
  name: 'aztec serve',
  summary: "Serve the jobs of Aztec's prover broker by workloads",
  details:
    'Runs until it is stopped and finishes cleanly on Ctrl-C or SIGTERM; a restart goes on where it was. Its configuration is its own, see docs/aztec.md.',
  args: { config: optionalArgument(text, "the adapter's JSON file; without it the environment alone") },
  examples: ['aztec serve ./aztec.json'],
  async run({ args, context }) {
    const { serveAztec } = await import('../../aztec/serveAztec.js')
    const failure = await serveAztec(args.config, context.environment, context.signal)
    if (failure !== undefined) throw failure.error
  },
})
