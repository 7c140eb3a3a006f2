/** Work as a process of its own, so that what it takes of memory can be told, and bounded. Prints JSON. Arguments: what to do, and for whom. */
import { getHeapStatistics } from 'node:v8'

import { sql } from 'kysely'

import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'

/** Statements after which V8 would optimize the parser of an embedded database, by far. */
const STATEMENTS = 3_000

const [what, url = ''] = process.argv.slice(2)
if (what === 'statements') {
  const db = await openDatabase()
  for (let count = 0; count < STATEMENTS; count++) await sql`select ${count} as number`.execute(db)
  await db.destroy()
  console.log(JSON.stringify({ compiling: getHeapStatistics().peak_malloced_memory }))
} else {
  const answer = (await rpcProvider(url, 31_337).send('eth_call', [])) as string
  console.log(JSON.stringify({ length: answer.length }))
}
process.exit(0)
