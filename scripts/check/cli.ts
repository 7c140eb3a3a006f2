import { commands } from '../../sdk/src/cli/commands/index.js'
import { expectedCliIndex, expectedCliPage, keptCliFiles } from '../lib/cli.js'

/** The list of the CLI's commands and docs/cli.md are what the command files say. */
export function cli(): string[] {
  const { index, page } = keptCliFiles()
  return [
    ...(index === expectedCliIndex()
      ? []
      : ['sdk/src/cli/commands/index.ts does not list the commands: run `npm run gen`']),
    ...(page === expectedCliPage(commands) ? [] : ['docs/cli.md is not what the commands say: run `npm run gen`']),
  ]
}
