import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** An answer of a daemon's server for health and metrics. */
export interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Asks such a server of this machine. */
export function ask(port: number, path: string, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method }, (response) => {
      const { statusCode: status = 0, headers } = response
      response
        .toArray()
        .then((parts: Buffer[]) =>
          resolve({ status, type: headers['content-type'] ?? '', body: Buffer.concat(parts).toString() }),
        )
        .catch(reject)
    })
    asking.on('error', reject).end()
  })
}

/** Samples of Prometheus' text format by name and labels. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

/** The metrics, once they hold a line that is read by and by. */
export async function scraped(port: number, line: string): Promise<Reply> {
  for (const end = Date.now() + 60_000; ; await sleep(200)) {
    const reply = await ask(port, '/metrics')
    if (reply.body.includes(line) || Date.now() > end) return reply
  }
}
