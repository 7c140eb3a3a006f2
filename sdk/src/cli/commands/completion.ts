import { defineCommand } from '../Command.js'
import { argument, choice } from '../parsers.js'

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print a script that completes commands in a shell',
  args: { shell: argument(choice('bash', 'zsh', 'fish'), 'bash, zsh or fish') },
  examples: ['completion bash > /etc/bash_completion.d/gevulot', 'completion fish | source'],
  async run({ args }) {
    const [{ completionScript }, { commands }] = await Promise.all([
      import('../completionScript.js'),
      import('./index.js'),
    ])
    const script = completionScript(args.shell, commands)
    return { json: { shell: args.shell, script }, text: script.split('\n'), whole: true }
  },
})
