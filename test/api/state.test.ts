import { expect } from 'chai'
import { sql } from 'kysely'
import pg from 'pg'
import { createApiClient } from '../../sdk/src/api/createApiClient.js'
import type { ApiSchema } from '../../sdk/src/api/store/schema.js'
import { systemClock } from '../../sdk/src/clock.js'
import { connectServer } from '../../sdk/src/database/openServer.js'
import { TestApi } from '../support/api.js'
import { usePostgres } from '../support/databases.js'
import { aProgram, PUBLIC_INPUTS, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

describe('api: state on a Postgres server', function () {
  this.timeout(120_000)
  const server = usePostgres()
  let network: Network

  before(async () => {
    network = await startNetwork()
  })
  after(() => network.chain.stop())

  it('belongs to one server at a time, wherever the other one keeps its keys', async () => {
    const databaseUrl = await server().create()
    const first = await TestApi.start(network, { databaseUrl })
    try {
      const refused = await rejected(TestApi.start(network, { databaseUrl }), 'API_CONFIG_INVALID')
      expect(refused.message).to.include('another server uses the schema')
      await first.stop()
      const second = await TestApi.start(network, { databaseUrl })
      expect((await createApiClient({ url: second.url }).getNetwork({})).proxy).to.equal(true)
      await second.remove()
    } finally {
      await first.remove()
    }
  })

  it('a database that cannot be used is said to be, without its password', async () => {
    const databaseUrl = server().url.replace(/\/postgres$/, '/nowhere')
    const refused = await rejected(TestApi.start(network, { databaseUrl }), 'API_CONFIG_INVALID')
    expect(refused.message).to.include('DATABASE_URL').and.not.include('a-password')
  })

  it('a lock that is lost while the tables are made is lost: no server begins', async () => {
    const databaseUrl = await server().create()
    const { chainId, market } = network.deployment
    const [holder, killer] = [new pg.Client(databaseUrl), new pg.Client(databaseUrl)]
    try {
      await Promise.all([holder.connect(), killer.connect()])
      // Whoever makes the same schema waits until this one is made, or not.
      await holder.query('begin')
      await holder.query(`create schema "api_${chainId}_${market.toLowerCase()}"`)
      const started = TestApi.start(network, { databaseUrl }).then((api) => api.remove())
      const waits = rejected(started, 'API_STOPPED')
      const end = `select pg_terminate_backend(lock.pid) from pg_stat_activity lock, pg_stat_activity maker
        where lock.application_name = 'gevulot lock' and maker.query ilike 'create schema%' and maker.wait_event_type = 'Lock'`
      while ((await killer.query(end)).rowCount === 0) await systemClock.sleep(25)
      while ((await killer.query(`select from pg_locks where locktype = 'advisory'`)).rowCount !== 0) await systemClock.sleep(25) // prettier-ignore
      await holder.query('rollback')
      expect((await waits).message).to.include('another server may use the database now')
    } finally {
      await Promise.all([holder.end(), killer.end()])
    }
  })

  it('what became of an act cannot be written down: the server goes on, and tries it again', async () => {
    const databaseUrl = await server().create()
    const api = await TestApi.start(network, { databaseUrl })
    const { chainId, addresses } = api.client.contracts
    const place = { url: databaseUrl, schema: `api_${chainId}_${addresses.market.toLowerCase()}` }
    const db = await connectServer<ApiSchema>(place)
    const unheard: unknown[] = []
    const note = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', note)
    try {
      const client = await api.as()
      const files = { public_inputs: PUBLIC_INPUTS.toString('base64') }
      const program = await aProgram(network, api.client)
      const { request } = await client.submitRequest({ program, inputs: { files }, maxRunTime: 600 })
      const now = (): Promise<Awaited<ReturnType<typeof client.getRequest>>> => client.getRequest({ request })
      while ((await now()).state !== 'submitted') await systemClock.sleep(25)
      await sql`create function refuse() returns trigger as 'begin raise exception ''no space is left''; end' language plpgsql`.execute(db) // prettier-ignore
      await sql`create trigger refuse before update on requests for each row when (old.releasing and not new.releasing) execute function refuse()`.execute(db) // prettier-ignore
      // Nobody has committed: the chain refuses it for good.
      await client.releaseRequest({ request })
      const said = (): number =>
        api.lines.filter((line) => line.includes('what became of a workload could not be noted')).length
      while (said() < 2) await systemClock.sleep(25)
      await sql`drop trigger refuse on requests`.execute(db)
      const open = db.selectFrom('requests').select('id').where('releasing', '=', true)
      while ((await open.execute()).length > 0) await systemClock.sleep(25)
    } finally {
      process.off('unhandledRejection', note)
      await db.destroy()
      await api.remove()
    }
    expect(unheard).to.deep.equal([])
  })

  it('a server that loses its database says so and ends, and goes on from there at its next start', async () => {
    const databaseUrl = await server().create()
    const api = await TestApi.start(network, { databaseUrl })
    try {
      const { failure } = api.running
      await server().halt()
      expect((await failure).message).to.not.equal('')
      await api.stop()
      await server().resume()
      await api.start()
      expect((await createApiClient({ url: api.url }).getNetwork({})).proxy).to.equal(true)
    } finally {
      await api.remove()
    }
  })
})
