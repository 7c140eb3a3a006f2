import { relative } from 'node:path'
import { defineCommand } from '../Command.js'
import { optionalArgument, text } from '../parsers.js'

export const init = defineCommand({
  name: 'init',
  summary: "Write a requester's project: a program in TypeScript that asks for a proof, set up for the local network",
  details: 'Writes no file that exists.',
  args: { directory: optionalArgument(text, 'where it goes; by default the working directory') },
  examples: ['init my-requester', 'init'],
  async run({ args }) {
    const { writeProject } = await import('../project/writeProject.js')
    const { directory, files } = await writeProject(args.directory ?? '.')
    const place = relative('.', directory)
    return {
      json: { directory, files },
      text: [
        `Wrote ${files.join(', ')}.`,
        '',
        ...(place === '' ? [] : [`  cd ${place}`]),
        '  npm install',
        '  npm run devnet        in another terminal',
        '  npm run prove',
      ],
    }
  },
})
