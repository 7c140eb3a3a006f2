import { defineCommand } from '../Command.js'
import { formatTokens } from '../format.js'
import { address, bytes32, integer, option, optionWithDefault } from '../parsers.js'

export const workloadList = defineCommand({
  name: 'workload list',
  summary: 'List workloads, newest first',
  options: {
    requester: option('account', address, 'only those of this account'),
    program: option('id', bytes32, 'only those of this program'),
    limit: optionWithDefault('number', integer(1, 1_000_000), 20, 'the most to list'),
  },
  examples: [
    'workload list',
    'workload list --requester 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --limit 100 --json',
  ],
  async run({ options, context }) {
    const client = await context.reader()
    const { readEvents } = await import('../../chain/readEvents.js')
    const { unpackTerms } = await import('../../chain/terms.js')
    const { signal } = context
    const outcomes = new Map<string, string>()
    for await (const event of readEvents(client.contracts, { names: ['Finished'], signal })) {
      if (event.name === 'Finished') outcomes.set(event.args.workload, event.args.outcome)
    }
    const { requester, program, limit } = options
    const found = []
    for await (const event of readEvents(client.contracts, {
      names: ['Submitted'],
      ...(requester && { requester }),
      signal,
    })) {
      if (event.name !== 'Submitted') continue
      if (program !== undefined && event.args.program !== program) continue
      const { workload, requester: by, program: of, terms } = event.args
      const { fee, redundancy, maxRunTime } = unpackTerms(terms)
      const outcome = outcomes.get(workload)
      found.push({ workload, requester: by, program: of, fee, redundancy, maxRunTime, outcome, block: event.at.block })
    }
    const workloads = found.slice(-limit).reverse()
    const rows = workloads.map((entry) => [
      entry.workload,
      entry.outcome ?? 'running',
      formatTokens(entry.fee),
      String(entry.redundancy),
      String(entry.block),
      entry.program,
    ])
    return {
      json: workloads,
      text:
        rows.length === 0
          ? ['There is no such workload.']
          : context.output.table(['WORKLOAD', 'OUTCOME', 'FEE', 'SLOTS', 'BLOCK', 'PROGRAM'], rows),
    }
  },
})
