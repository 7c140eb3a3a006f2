/**
 * Reading large content from a server where each connection is slow, as servers far away are: how long it takes in one answer, and in ranges. The server is
 * on this machine; a request waits `DELAY_MS` (50), and a connection brings `MIB_A_SECOND` (16). `MIB` says how large the content is (128).
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHash, randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { digestFromHex } from '../sdk/src/content/digest.js'
import { HttpStore } from '../sdk/src/content/HttpStore.js'
import { type Row, writeReport } from './report.js'

const MIB = 2 ** 20
const SIZE = Number(process.env['MIB'] ?? 128) * MIB
const DELAY_MS = Number(process.env['DELAY_MS'] ?? 50)
const BYTES_A_MS = (Number(process.env['MIB_A_SECOND'] ?? 16) * MIB) / 1_000
const TICK_MS = 10
const ROUNDS = 3

const content = randomFillSync(Buffer.alloc(SIZE))
const digest = digestFromHex(createHash('sha256').update(content).digest('hex'))
const directory = mkdtempSync(join(tmpdir(), 'gevulot-transfers-'))

const server = createServer((request, response) => {
  void (async () => {
    await sleep(DELAY_MS)
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const start = Number(first ?? 0)
    const end = Math.min(last ? Number(last) + 1 : SIZE, SIZE)
    response.writeHead(first === undefined ? 200 : 206, {
      ...{ 'content-length': end - start, etag: '"one"' },
      ...(first !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${SIZE}` }),
    })
    const began = performance.now()
    for (let at = start; at < end && !response.destroyed;) {
      const due = Math.min(end, start + Math.floor((performance.now() - began) * BYTES_A_MS))
      if (due > at) response.write(content.subarray(at, due))
      at = Math.max(at, due)
      await sleep(TICK_MS)
    }
    response.end()
  })()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

async function secondsOf(rangesAtATime: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // A store of its own each time: no connection is open yet.
    const store = new HttpStore(url, { addresses: 'any', rangesAtATime })
    const began = performance.now()
    await store.save(digest, join(directory, 'content'), { maxBytes: SIZE })
    times.push((performance.now() - began) / 1_000)
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN
}

try {
  const plain = await secondsOf(1)
  const row = (name: string, value: number): Row => ({ name, value: Number(value.toFixed(2)), unit: 's', target: Number(plain.toFixed(2)), peer: '–' }) // prettier-ignore
  const what = `${SIZE / MIB} MiB, ${(BYTES_A_MS * 1_000) / MIB} MiB/s a connection`
  writeReport([row(`Content: ${what}, one answer`, plain), row(`Content: ${what}, in ranges`, await secondsOf(4))])
} finally {
  server.closeAllConnections()
  server.close()
  rmSync(directory, { recursive: true })
}
