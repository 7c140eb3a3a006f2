import { defineCommand } from '../Command.js'
import { argument, bytes32 } from '../parsers.js'

export const programShow = defineCommand({
  name: 'program show',
  summary: 'Show what is pinned of a program',
  args: { program: argument(bytes32, 'id of the program') },
  examples: [`program show 0x9c…17`],
  async run({ args, context }) {
    const client = await context.reader()
    const program = await client.getProgram({ program: args.program, signal: context.signal })
    const text = context.output.facts([
      ['program', program.program],
      ['prover package', program.prover],
      ['verifier package', /^0x0+$/.test(program.verifierProgram) ? 'none' : program.verifierProgram],
      ['verifier contract', program.verifier],
      ['code hash', program.codeHash],
      ['verifier gas', String(program.verifierGas)],
      ['hardware class', String(program.class)],
      ['binds the prover', program.bindsProver ? 'yes' : 'no'],
      ['packages at', program.uri === '' ? 'not stated' : program.uri],
    ])
    return { json: program, text }
  },
})
