import type { Seat } from '../../client/seats.js'
import type { WorkerStatus } from '../../worker/observe/WorkerStatus.js'
import type { Context } from '../Context.js'
import { defineCommand } from '../Command.js'
import { formatDistance, formatSeconds, formatTime, formatTokens } from '../format.js'
import type { Output } from '../Output.js'
import { address, flag, integer, option, optionalArgument, optionWithDefault, text } from '../parsers.js'

export const proverStatus = defineCommand({
  name: 'prover status',
  summary: 'Show the seats of an operator, and what a worker does',
  details:
    'Seats, bonds and rewards are from the chain. With --data it also asks the worker that runs on this machine: mode, newest block, jobs, work that waits for approval. --live shows it again and again until Ctrl-C; with --json each time is one line.',
  args: { operator: optionalArgument(address, "the account; by default the worker's, or that of the configured key") },
  options: {
    data: option('directory', text, "the worker's dataDirectory; by default $GEVULOT_DATA_DIRECTORY"),
    live: flag('go on, and show every change'),
    every: optionWithDefault('seconds', integer(1, 3_600), 2, 'how often to look with --live'),
  },
  examples: [
    'prover status',
    'prover status --data /var/lib/gevulot --live',
    'prover status 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json',
  ],
  async run({ args, options, context }) {
    const { output, signal, environment } = context
    const data = options.data ?? environment['GEVULOT_DATA_DIRECTORY']
    const look = await looker(context, args.operator, data === '' ? undefined : data)
    const { systemClock } = await import('../../clock.js')
    while (options.live && !signal.aborted) {
      const { json, text: lines } = await look()
      output.frame(json, [
        ...lines,
        '',
        output.paint(
          'faint',
          `${formatTime(Math.floor(systemClock.now() / 1000))}, every ${options.every} s; Ctrl-C ends`,
        ),
      ])
      await systemClock.sleep(options.every * 1000, signal).catch(() => undefined)
    }
    return options.live ? undefined : look()
  },
})

interface View {
  readonly json: unknown
  readonly text: readonly string[]
}

/** Prepares what every look needs: the client is connected once. */
async function looker(
  context: Context,
  named: `0x${string}` | undefined,
  data: string | undefined,
): Promise<() => Promise<View>> {
  const { output, signal } = context
  const { askWorker } = await import('../../worker/control/askWorker.js')
  const { getSeats } = await import('../../client/seats.js')
  const { GevulotError } = await import('../../errors/GevulotError.js')
  const ask = async (): Promise<Answered | undefined> =>
    data === undefined ? undefined : ((await askWorker(data, { ask: 'status' })) as Answered)
  const { rpcUrl } = await context.settings()
  // Somebody who only asks a worker needs neither a key nor an endpoint.
  const isAlone = data !== undefined && rpcUrl === undefined
  const client = isAlone
    ? undefined
    : named === undefined && data === undefined
      ? await context.client()
      : await context.reader()
  return async () => {
    let worker: Answered | undefined
    let why: string | undefined
    try {
      worker = await ask()
    } catch (error) {
      // A worker that is down is what somebody wants to see here.
      if (!GevulotError.is(error, 'WORKER_NOT_RUNNING') || isAlone) throw error
      why = error.message
    }
    const operator = named ?? worker?.operator ?? client?.account
    const chain =
      client === undefined || operator === undefined
        ? undefined
        : { seats: await getSeats(client, { operator, signal }), rewards: await client.getRewards({ operator }) }
    return {
      json: { operator, ...chain, ...(data !== undefined && { worker: worker ?? null }) },
      text: [
        ...(chain === undefined ? [] : seatLines(output, chain.seats, chain.rewards.due)),
        ...(worker === undefined ? [] : ['', ...workerLines(output, worker)]),
        ...(why === undefined ? [] : ['', output.paint('bad', why)]),
      ],
    }
  }
}

/** As it comes over the socket: amounts are text. */
type Answered = Omit<WorkerStatus, 'waiting'> & {
  readonly waiting: readonly (Omit<WorkerStatus['waiting'][number], 'fee'> & { readonly fee: string })[]
}

function seatLines(output: Output, seats: readonly Seat[], due: bigint): string[] {
  if (seats.length === 0) return ['No seats are staked by this account; `gevulot prover stake` does.']
  const rows = seats.map((seat) => [
    String(seat.seat),
    String(seat.class),
    seat.status,
    seat.held ? 'at work' : '',
    formatTokens(seat.bond),
    seat.priceFloor.toString(),
    seat.unlockAt === 0 ? '' : formatTime(seat.unlockAt),
  ])
  return [
    ...output.table(['SEAT', 'CLASS', 'STATUS', 'NOW', 'BOND', 'FLOOR', 'UNLOCKS'], rows),
    '',
    ...output.facts([['network rewards due', formatTokens(due)]]),
  ]
}

function fleetLines(output: Output, { runners, waiting }: NonNullable<Answered['fleet']>): string[] {
  if (runners.length === 0) return [output.paint('bad', `no runner is there; tasks that wait: ${waiting}`)]
  const rows = runners.map(
    ({ name, version, runtime, capacity, busy, stopping, isReady, proved, unproved, seenSeconds }) => [
      name,
      isReady ? 'ready' : stopping ? 'stopping' : output.paint('bad', 'gone'),
      `${busy} of ${capacity.runs}`,
      `${capacity.cores} cores, ${capacity.memoryMiB} MiB${capacity.gpus === 0 ? '' : `, ${capacity.gpus} cards`}`,
      ...[String(proved), String(unproved), `${formatSeconds(seenSeconds)} ago`, `${version}, ${runtime}`],
    ],
  )
  return [
    ...output.table(['RUNNER', 'STATE', 'RUNS', 'MACHINE', 'PROVED', 'NOT', 'HEARD', 'VERSION'], rows),
    ...(waiting === 0 ? [] : [`tasks that wait for a runner: ${waiting}`]),
  ]
}

/** How long a submitter key can act. */
function termOf(output: Output, until: number, now: number): string {
  if (until === 0) return output.paint('bad', 'taken back: it cannot act')
  const text = `${formatTime(until)}, ${formatDistance(until, Math.floor(now))}`
  return until < now ? output.paint('bad', `${text}: it cannot act`) : text
}

function workerLines(output: Output, worker: Answered): string[] {
  const { operator, account, submitterUntil, mode, runtime, runs, block, chainAge, obstacles, jobs, waiting } = worker
  const ready = obstacles.length === 0
  const now = Date.now() / 1000
  const facts = output.facts([
    ['worker', `${mode}, ${runtime}, for ${formatSeconds(runs)}`],
    ...(account === operator ? [] : [['acts with', account] as const]),
    ...(submitterUntil === undefined ? [] : [['named until', termOf(output, submitterUntil, now)] as const]),
    ['block', `${block}, ${formatSeconds(chainAge)} ago`],
    ['ready', output.paint(ready ? 'good' : 'bad', ready ? 'yes' : `no: ${obstacles.join(', ')}`)],
    ['jobs', jobs.length === 0 ? 'none' : String(jobs.length)],
  ])
  const jobRows = jobs.map(({ workload, seat, state, open, why }) => [
    ...[workload, String(seat), state, open ? 'open slot' : '', why ?? ''],
  ])
  const waitingRows = waiting.map(({ workload, fee, maxRunTime, until }) => [
    ...[workload, formatTokens(BigInt(fee)), formatSeconds(maxRunTime), formatDistance(until, now)],
  ])
  return [
    ...facts,
    ...(worker.fleet === undefined ? [] : ['', ...fleetLines(output, worker.fleet)]),
    ...(jobs.length === 0 ? [] : ['', ...output.table(['WORKLOAD', 'SEAT', 'STATE', '', 'WHY'], jobRows)]),
    ...(waiting.length === 0
      ? []
      : ['', ...output.table(['WAITS FOR APPROVAL', 'FEE', 'MAY TAKE', 'DECLINED'], waitingRows)]),
  ]
}
