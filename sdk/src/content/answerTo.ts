import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * What a server answers to a request. One that switches protocols (101), for which nobody asked, has its connection closed by Node.js without an
 * error, and no signal is heard from then on: the close alone tells of it.
 */
export function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve)
    // Also after the answer: what happens to its body is for its reader.
    request.on('error', reject)
    request.on('close', () => reject(new Error('the connection was closed without an answer')))
  })
}
