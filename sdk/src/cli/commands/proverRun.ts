import { defineCommand } from '../Command.js'
import { optionalArgument, text } from '../parsers.js'

export const proverRun = defineCommand({
  name: 'prover run',
  summary: 'Run the prover worker',
  details:
    'Runs until it is stopped and finishes cleanly on Ctrl-C or SIGTERM. Its configuration is its own, the same as that of `gevulot-worker`; see `gevulot-worker --help`.',
  args: { config: optionalArgument(text, "the worker's JSON file; without it the environment alone") },
  examples: ['prover run ./worker.json'],
  async run({ args, context }) {
    const { serve } = await import('../../worker/serve.js')
    const failure = await serve(args.config, context.environment, context.signal)
    if (failure !== undefined) throw failure.error
  },
})
