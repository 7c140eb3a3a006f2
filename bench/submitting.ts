import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { createApiClient } from '../sdk/src/api/createApiClient.js'
import { ApiKeys } from '../sdk/src/api/server/ApiKeys.js'
import { startApi } from '../sdk/src/api/server/startApi.js'
import type { Hex } from '../sdk/src/chain/hex.js'
import { MemoryStore } from '../sdk/src/content/MemoryStore.js'
import { jsonLogger } from '../sdk/src/worker/log/Logger.js'
import { someInputs, TOKEN, type Network } from '../test/support/network.js'
import type { Row } from './report.js'

const ASKED = Number(process.env['ASKED'] ?? 256)
const BLOCK_SECONDS = 2
const AT_ONCE = 16
/** What it took when each waited for the one before. */
const ONE_A_BLOCK = 1_000 * BLOCK_SECONDS

/** Requests of one key that are asked for at once over HTTP: how long until all are on the chain, in blocks that come every two seconds. */
export async function submitting(network: Network, program: Hex): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gevulot-bench-'))
  const log = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
  const client = await network.client({ store: new MemoryStore(), pollMs: 250 })
  await client.deposit({ amount: BigInt(2 * ASKED) * TOKEN })
  const rate = { perSecond: 1_000_000, burst: 1_000_000 }
  const api = await startApi({ client, directory, log, version: '0', port: 0, explorer: false, rate })
  const { provider } = network.chain
  try {
    const limits = { requestsPerDay: ASKED + 1, spendPerDay: String(10n ** 30n), uploadPerDay: 2 ** 30 }
    const { key } = await new ApiKeys(join(directory, 'keys')).add('bench', limits, Date.now())
    const asking = createApiClient({ url: api.url, apiKey: key })
    const ask = () => asking.submitRequest({ program, inputs: someInputs(), maxRunTime: 600 })
    const submitted = async (request: string): Promise<void> => {
      while ((await asking.getRequest({ request })).state !== 'submitted') await sleep(100)
    }
    await provider.send('evm_setIntervalMining', [BLOCK_SECONDS])
    const alone = performance.now()
    await submitted((await ask()).request)
    const one = performance.now() - alone
    const started = performance.now()
    let open = ASKED
    let last = ''
    const lanes = Array.from({ length: AT_ONCE }, async () => {
      while (open-- > 0) last = (await ask()).request
    })
    await Promise.all(lanes)
    const { nonce } = await client.getBalance()
    await submitted(last)
    // The newest is the last of its key.
    const each = (performance.now() - started) / ASKED
    console.log(
      `asked for: ${ASKED}; ${(1_000 / each).toFixed(1)} a second; on the chain when all were accepted: ${nonce - 1}`,
    )
    const name = 'API proxy, blocks of 2 s: until a request is on the chain'
    return [
      { name: `${name}, alone`, value: Math.round(one), unit: 'ms', target: 2 * ONE_A_BLOCK, peer: '–' },
      { name: `${name}, each of ${ASKED} at once`, value: Math.round(each), unit: 'ms', target: ONE_A_BLOCK / 10, peer: '–' }, // prettier-ignore
    ]
  } finally {
    await provider.send('evm_setIntervalMining', [0])
    await provider.send('evm_setAutomine', [true])
    await api.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
