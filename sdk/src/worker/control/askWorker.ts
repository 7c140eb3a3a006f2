import { request } from 'node:http'
import { join } from 'node:path'
import { WORKER_ERRORS, workerError } from '../../errors/codes/worker.js'
import { CONTROL_SOCKET, type ControlQuestion } from './question.js'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 16 * 2 ** 20

/**
 * Asks the worker that runs on a data directory of this machine.
 * @returns Its answer, with amounts as decimal text.
 * @throws GevulotError WORKER_NOT_RUNNING, WORKER_CONTROL_UNAVAILABLE, and the worker's own errors
 */
export async function askWorker(directory: string, question: ControlQuestion): Promise<unknown> {
  const text = await post(join(directory, CONTROL_SOCKET), JSON.stringify(question))
  const answer = JSON.parse(text) as {
    readonly result?: unknown
    readonly error?: { readonly code: string; readonly message: string }
  }
  if (answer.error === undefined) return answer.result
  const { code, message } = answer.error
  throw workerError(
    code in WORKER_ERRORS ? (code as keyof typeof WORKER_ERRORS) : 'WORKER_CONTROL_UNAVAILABLE',
    message,
  )
}

function post(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const { code } = cause as { readonly code?: string }
      const isGone = code === 'ENOENT' || code === 'ECONNREFUSED'
      const kind = isGone ? 'WORKER_NOT_RUNNING' : 'WORKER_CONTROL_UNAVAILABLE'
      const why = isGone
        ? 'no worker listens'
        : code === 'EACCES'
          ? 'this user may not ask'
          : 'the worker does not answer'
      reject(workerError(kind, `${why} at ${socketPath}`, { cause }))
    }
    const asking = request({ socketPath, path: '/', method: 'POST', timeout: TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_BYTES) asking.destroy(new Error('the answer is too long'))
      })
      response.on('end', () => resolve(text))
      response.on('error', fail)
    })
    asking.on('timeout', () => asking.destroy(new Error('timeout')))
    asking.on('error', fail)
    asking.end(body)
  })
}
