import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { concat, hexlify, randomBytes } from 'ethers'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { runCli, type CliResult } from '../support/cli.js'
import { startCommittee, type Committee } from '../support/committee.js'
import { judgedWorkload } from '../support/judgedWorkload.js'
import { BAD_PROOF, PROOF, prover, PUBLIC_INPUTS, startNetwork, TOKEN, type Network } from '../support/network.js'
import { networkOptions } from '../support/networkOptions.js'
import { useTemporaryDirectory } from '../support/temporary.js'

/** As the test network's verifier, but it takes nothing any more once its storage slot 0 is not zero. */
const CHANGING_VERIFIER = concat(['0x60108060093d393df3', '0x6020360335155f5417155f5260205ff3'])

describe('cli: workload fetch', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let committee: Committee
  let settings: string[]

  before(async () => {
    network = await startNetwork()
    client = await network.client({ store: new DirectoryStore(join(directory(), 'content')) })
    await client.deposit({ amount: 1_000n * TOKEN })
    committee = await startCommittee(network)
    settings = [...networkOptions(network, directory()), '--store', 'content']
  })
  after(() => network.chain.stop())

  const fetch = (workload: Hex, out: string, ...more: string[]): Promise<CliResult> => {
    return runCli(['workload', 'fetch', workload, '--out', out, ...settings, ...more], { cwd: directory() })
  }

  async function drawn(program: Hex) {
    const inputs = { files: { public_inputs: PUBLIC_INPUTS } }
    const { workload, spec } = await client.submit({ program, inputs, fee: 20n * TOKEN, maxRunTime: 100 })
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, spec, seats: slots.map(({ seat }) => seat) }
  }

  it("what a committee judges has the chain's verdict, and none before it is final", async () => {
    const proofs = [BAD_PROOF, PROOF]
    const { workload, seats } = await judgedWorkload(network, client, committee, { proofs, valid: 0b10 })
    const early = await fetch(workload, 'early')
    expect(early.code).to.equal(75)
    expect(early.stderr).to.include('CLIENT_NO_PROOF')
    await committee.windowOver()
    await committee.windowOver()
    const facts = (await fetch(workload, 'judged', '--wait', '--json')).json()
    expect(facts).to.include({ valid: true, verdict: 'committee', seat: seats[1], bytes: PROOF.length })
    expect((await readFile(join(directory(), 'judged/proof'))).equals(PROOF)).to.equal(true)
    expect((await readFile(join(directory(), 'judged/public_inputs'))).equals(PUBLIC_INPUTS)).to.equal(true)
    await client.settle({ workload })
    const { code, stdout } = await fetch(workload, 'settled')
    expect(stdout).to.match(/Valid, by the committee's verdict on the chain, 64 bytes of seat \d+\./)
    expect(code).to.equal(0)
  })

  it('what the verifier contract takes no longer is no yes', async () => {
    const creation = await (await network.owner.sendTransaction({ data: CHANGING_VERIFIER })).wait()
    const verifier = creation!.contractAddress as Hex
    const { program } = await client.deployProgram({ prover: hexlify(randomBytes(32)), verifier })
    const { workload, spec, seats } = await drawn(program)
    await prover.submitProof(network, spec, seats[0]!)
    expect((await fetch(workload, 'before', '--json')).json()).to.include({ valid: true, verdict: 'verifier contract' })
    await network.chain.provider.send('anvil_setStorageAt', [verifier, `0x${'00'.repeat(32)}`, `0x${'00'.repeat(31)}01`]) // prettier-ignore
    const { code, stdout } = await fetch(workload, 'after')
    expect(stdout).to.include('NOT VALID, by the verifier contract now, though the chain has found it so')
    expect(code).to.equal(3)
    // It is there to be looked at.
    expect(await readdir(join(directory(), 'after'))).to.have.members(['proof', 'public_inputs'])
  })

  it('looks whether its files are free before it waits', async () => {
    await mkdir(join(directory(), 'taken'))
    await writeFile(join(directory(), 'taken/public_inputs'), 'mine')
    const unknown = `0x${'42'.repeat(32)}` as const
    const { code, stderr } = await fetch(unknown, 'taken', '--wait')
    expect(stderr).to.include('CLI_FILE_EXISTS').and.include('public_inputs')
    expect(code).to.equal(1)
    expect(await readFile(join(directory(), 'taken/public_inputs'), 'utf8')).to.equal('mine')
    expect(await readdir(join(directory(), 'taken'))).to.deep.equal(['public_inputs'])
  })
})
