/** The real validator, ended by SIGKILL at one line of its log: `killed.ts <config> <message> [stage]`. */
import { systemClock } from '../../../sdk/src/clock.js'
import { loadValidatorConfig, Validator } from '../../../sdk/src/validator/index.js'
import { jsonLogger, readKeyFile } from '../../../sdk/src/worker/index.js'

const [config, message, stage] = process.argv.slice(2)

const log = jsonLogger({
  level: 'debug',
  now: () => systemClock.now(),
  write: (line) => {
    const { message: said, stage: at } = JSON.parse(line) as { readonly message: string; readonly stage?: string }
    if (said === message && (stage === undefined || stage === at)) process.kill(process.pid, 'SIGKILL')
  },
})
const settings = await loadValidatorConfig(config, {})
const key = await readKeyFile(settings.keyFile)
await new Validator(settings, { clock: systemClock, log, key }).run(new AbortController().signal)
