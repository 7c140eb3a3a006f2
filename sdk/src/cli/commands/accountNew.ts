import { defineCommand } from '../Command.js'
import { argument, text } from '../parsers.js'

export const accountNew = defineCommand({
  name: 'account new',
  summary: 'Make a key in an encrypted keystore',
  details:
    'The password comes from GEVULOT_KEY_PASSWORD, from the file that GEVULOT_KEY_PASSWORD_FILE names, or from the prompt. Nobody can recover it.',
  args: { file: argument(text, 'where the keystore goes; nothing is overwritten') },
  examples: ['account new ~/.gevulot/requester.json'],
  async run({ args, context }) {
    const { createKeystore } = await import('../createKeystore.js')
    const account = await createKeystore(args.file, context)
    return {
      json: { account, keyFile: args.file },
      text: [`Account ${account}, encrypted in ${args.file}.`],
    }
  },
})
