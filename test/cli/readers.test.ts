import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { startCli } from '../support/cli.js'
import { startNetwork, type Network } from '../support/network.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('cli: who reads', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network

  before(async () => {
    network = await startNetwork()
  })
  after(() => network.chain.stop())

  it('a server whose notes nobody reads any more serves on, and ends in order', async () => {
    await writeFile(join(directory(), 'deployment.json'), JSON.stringify(network.record))
    const settings = { rpcUrl: network.chain.url, deployment: 'deployment.json' }
    await writeFile(join(directory(), 'gevulot.json'), JSON.stringify(settings))
    const api = startCli(['api', 'serve', '--port', '0', '--no-explorer'], { cwd: directory() })
    const ended = once(api, 'exit')
    // What collects the log goes away, or its pipe does.
    api.stderr?.destroy()
    let said = ''
    for await (const chunk of api.stdout ?? []) {
      said += String(chunk)
      const url = /served at (http:\/\/[\d.:]+\d)\./.exec(said)?.[1]
      if (url === undefined || !said.includes('proxy')) continue
      expect(await (await fetch(`${url}/live`)).json()).to.deep.equal({ live: true })
      // It says that it stops.
      api.kill('SIGTERM')
      break
    }
    expect(await ended, said).to.deep.equal([0, null])
  })
})
