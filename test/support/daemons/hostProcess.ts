/** A program that has a daemon in it, as a test has that starts a local network, and an error of its own that it deals with itself. */
import { systemClock } from '../../../sdk/src/clock.js'
import { serveLogged } from '../../../sdk/src/worker/serve.js'

const [, , logFile = ''] = process.argv
const seen: string[] = []
process.on('uncaughtException', ({ message }) => void seen.push(message))

await serveLogged('worker', { logFile, logLevel: 'info' }, { keys: [], urls: [] }, async () => {
  void Promise.reject(new Error('of the host'))
  while (seen.length === 0) await systemClock.sleep(5)
})
process.stdout.write(seen.join())
