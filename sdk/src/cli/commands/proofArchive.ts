import { join } from 'node:path'
import { defineCommand } from '../Command.js'
import {
  address,
  bytes32,
  flag,
  integer,
  option,
  optionalArgument,
  optionWithDefault,
  requiredOption,
  text,
} from '../parsers.js'

export const proofArchive = defineCommand({
  name: 'proof archive',
  summary: 'Keep copies of proofs, each checked against the chain; a later run goes on where this one ends',
  details:
    'Looks at every workload that ended with a proof, of an account or a program if named, and keeps the proof and its public inputs by digest below <directory>/content. It may be stopped at any moment. Exit code 75: some proofs are in no store now; the next run asks for them again.',
  args: { workload: optionalArgument(bytes32, 'only this workload') },
  options: {
    to: requiredOption('directory', text, 'where the archive is'),
    requester: option('account', address, 'only workloads of this account'),
    program: option('id', bytes32, 'only workloads of this program'),
    all: flag('every valid proof of a workload, not the best one alone'),
    check: flag('read copies that are there again, and replace those that are damaged'),
    depth: optionWithDefault('blocks', integer(0, 10_000), 12, 'blocks that must lie above the end of a workload'),
  },
  examples: [
    'proof archive --to ./proofs --requester 0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    'proof archive 0x41…9e --to ./proofs',
  ],
  async run({ args, options, context }) {
    const client = await context.reader()
    const { archiveProofs } = await import('../archive/archiveProofs.js')
    const { DirectoryStore } = await import('../../content/DirectoryStore.js')
    const { toAddress, toProgramId, toWorkloadId } = await import('../../chain/hex.js')
    const { lockDirectory } = await import('../../worker/lock.js')
    const { to, requester, program, all, check, depth } = options
    const { output, signal } = context
    const lock = await lockDirectory(to)
    try {
      const result = await archiveProofs(client, {
        ...{ directory: to, store: new DirectoryStore(join(to, 'content')), all, check, depth, signal },
        ...(requester && { requester: toAddress(requester) }),
        ...(program && { program: toProgramId(program) }),
        ...(args.workload && { workload: toWorkloadId(args.workload) }),
        onWorkload: (workload, what, why) => {
          if (what !== 'kept') output.note(`${workload} ${what}${why === undefined ? '' : `: ${why}`}`)
        },
      })
      const { archived, kept, missing, block } = result
      return {
        json: { archived, kept, missing, block: block ?? null },
        text: [
          `${archived.length} archived, ${kept} kept, ${missing.length} missing${block === undefined ? '' : `, up to block ${block}`}.`,
          ...missing.map((workload) => `${output.paint('bad', 'missing')} ${workload}`),
        ],
        ...(missing.length > 0 && { exit: 'temporary' as const }),
      }
    } finally {
      await lock.release()
    }
  },
})
