import { expect } from 'chai'
import { createApiClient } from '../../sdk/src/api/createApiClient.js'
import { TestApi } from '../support/api.js'
import { usePostgres } from '../support/databases.js'
import { startNetwork, type Network } from '../support/network.js'
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
