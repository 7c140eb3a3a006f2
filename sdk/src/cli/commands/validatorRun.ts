import { defineCommand } from '../Command.js'
import { optionalArgument, text } from '../parsers.js'

export const validatorRun = defineCommand({
  name: 'validator run',
  summary: 'Run the validator',
  details:
    'Judges the proofs of workloads whose committees the seats of its account are drawn to. Runs until it is stopped and finishes cleanly on Ctrl-C or SIGTERM. Its configuration is its own, the same as that of `gevulot-validator`; see `gevulot-validator --help`.',
  args: { config: optionalArgument(text, "the validator's JSON file; without it the environment alone") },
  examples: ['validator run ./validator.json'],
  async run({ args, context }) {
    const { serveValidator } = await import('../../validator/serveValidator.js')
    const failure = await serveValidator(args.config, context.environment, context.signal)
    if (failure !== undefined) throw failure.error
  },
})
