import { relative } from 'node:path'
import { defineCommand } from '../Command.js'
import { option, optionalArgument, text } from '../parsers.js'

export const init = defineCommand({
  name: 'init',
  summary: "Write a requester's project: a program in TypeScript that asks for a proof, set up for the local network",
  details: 'Writes no file that exists.',
  args: { directory: optionalArgument(text, 'where it goes; by default the working directory') },
  options: {
    sdk: option(
      'version|tarball',
      text,
      'what package.json names for @gevulot/sdk; by default the version of this command',
    ),
  },
  examples: ['init my-requester', 'init my-requester --sdk ./gevulot-sdk-0.1.0.tgz'],
  async run({ args, options }) {
    const { writeProject } = await import('../project/writeProject.js')
    const { directory, files } = await writeProject(args.directory ?? '.', options.sdk)
    const { PROJECT_NODE } = await import('../project/projectFiles.js')
    const isOld = process.versions.node.localeCompare(PROJECT_NODE, undefined, { numeric: true }) < 0
    const place = relative('.', directory)
    return {
      json: { directory, files },
      text: [
        `Wrote ${files.join(', ')}.`,
        '',
        ...(place === '' ? [] : [`  cd ${place}`]),
        '  npm install',
        '  npm run devnet        in another terminal',
        `  ${isOld ? 'npx -y -p node@24 ' : ''}npm run prove`,
        ...(isOld ? ['', `prove.ts needs Node ${PROJECT_NODE} or newer; this is ${process.versions.node}.`] : []),
      ],
    }
  },
})
