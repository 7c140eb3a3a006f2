/**
 * The real worker on a machine whose clock jumps: `jumping.ts <config> <seconds> <message> [stage]`. Once that line is logged the clock goes wrong by so
 * many seconds, for good.
 */
import { systemClock } from '../../../sdk/src/clock.js'
import { jsonLogger, loadConfig, readKeyFile, Worker } from '../../../sdk/src/worker/index.js'

const [config, seconds = '0', message, stage] = process.argv.slice(2)
const real = Date.now
let wrong = 0
// Libraries read the same clock.
Date.now = () => real() + wrong

const log = jsonLogger({
  level: 'debug',
  now: () => systemClock.now(),
  write: (line) => {
    process.stdout.write(`${line}\n`)
    const { message: said, stage: at } = JSON.parse(line) as { readonly message: string; readonly stage?: string }
    if (said === message && (stage === undefined || stage === at)) wrong = Number(seconds) * 1000
  },
})
const settings = await loadConfig(config, {})
const key = await readKeyFile(settings.keyFile)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await new Worker(settings, { clock: systemClock, log, key }).run(stop.signal)
process.exit(0)
