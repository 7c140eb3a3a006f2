import { defineCommand } from '../Command.js'

export const programList = defineCommand({
  name: 'program list',
  summary: 'List the programs of the network',
  examples: ['program list', 'program list --json'],
  async run({ context }) {
    const client = await context.reader()
    const { readEvents } = await import('../../chain/readEvents.js')
    const programs = []
    for await (const event of readEvents(client.contracts, { names: ['ProgramDeployed'], signal: context.signal })) {
      if (event.name !== 'ProgramDeployed') continue
      const { program, deployer, spec, uri } = event.args
      programs.push({ program, deployer, ...spec, uri, block: event.at.block })
    }
    const rows = programs.map((entry) => [
      entry.program,
      String(entry.class),
      entry.verifier,
      entry.bindsProver ? 'yes' : 'no',
      String(entry.block),
    ])
    return {
      json: programs,
      text:
        rows.length === 0
          ? ['No program is deployed yet.']
          : context.output.table(['PROGRAM', 'CLASS', 'VERIFIER', 'BINDS PROVER', 'BLOCK'], rows),
    }
  },
})
