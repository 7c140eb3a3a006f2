/**
 * The real worker, ended by SIGKILL at one line of its log: `killed.ts <config> <message> [stage]`. A line is written right
 * after a state was written down and before anything is done about it, so a line is an exact place.
 */
import { systemClock } from '../../../sdk/src/clock.js'
import { jsonLogger, loadConfig, readKeyFile, Worker } from '../../../sdk/src/worker/index.js'

const [config, message, stage] = process.argv.slice(2)

const log = jsonLogger({
  level: 'debug',
  now: () => systemClock.now(),
  write: (line) => {
    process.stdout.write(`${line}\n`)
    const { message: said, stage: at } = JSON.parse(line) as { readonly message: string; readonly stage?: string }
    if (said === message && (stage === undefined || stage === at)) process.kill(process.pid, 'SIGKILL')
  },
})
const settings = await loadConfig(config, {})
const key = await readKeyFile(settings.keyFile)
await new Worker(settings, { clock: systemClock, log, key }).run(new AbortController().signal)
