/** A daemon that takes its time to stop. It says when it runs, and when it was told to stop. */
import { daemonMain } from '../../../sdk/src/worker/daemonMain.js'

daemonMain({
  help: () => '',
  serve: (_config, _environment, stop) => {
    process.stdout.write('running\n')
    stop.addEventListener('abort', () => process.stdout.write('stopping\n'))
    return new Promise((resolve) => setTimeout(resolve, 60_000, undefined))
  },
})
