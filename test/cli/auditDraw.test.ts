import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import { runCli, type CliResult } from '../support/cli.js'
import { startCommittee, type Committee } from '../support/committee.js'
import { startSwappingMembers } from '../support/network/startSwappingMembers.js'
import { operatorOf, PROOF, prover, SALT, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { networkOptions } from '../support/networkOptions.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('cli: audit draw of a workload that committees judge', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let committee: Committee

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    committee = await startCommittee(network)
  })
  after(() => network.chain.stop())

  const audit = (workload: WorkloadId, through: Network, ...more: string[]): Promise<CliResult> =>
    runCli(['audit', 'draw', workload, ...networkOptions(through, directory()), ...more], { cwd: directory() })

  /** A revealed proof, on which two committees were drawn; of the first too few members answer. */
  async function judgedTwice(): Promise<WorkloadId> {
    const [image, verifierProgram] = [hexlify(randomBytes(32)), hexlify(randomBytes(32))]
    const { program } = await client.deployProgram({ prover: image, verifierProgram })
    const { workload, spec } = await client.submit({ program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 100 })
    await network.chain.mine(4)
    await client.assign({ workload })
    const [slot] = (await client.getWorkload({ workload })).slots
    await prover.commit(network, workload, slot!.seat)
    await network.chain.pass(100 + devnet.rules.revealDelay + 1)
    const { market } = operatorOf(network, slot!.seat).contracts
    await (await market.revealToCommittee(spec, slot!.seat, digestOf(PROOF), SALT, PROOF, '')).wait()
    await committee.draw(workload, spec)
    await committee.vote(workload, 1, [0, 1])
    await committee.windowOver()
    await committee.draw(workload, spec)
    return workload
  }

  it('draws each of them again, and says by its exit code when an endpoint tells of another', async () => {
    const workload = await judgedTwice()
    const facts = (await audit(workload, network, '--json')).json()
    expect(facts).to.include({ agrees: true, workload })
    const committees = facts['committees'] as { attempt: number; agrees: boolean; have: number[]; want: number[] }[]
    expect(committees.map(({ attempt, agrees, want }) => [attempt, agrees, want.length])).to.deep.equal([
      [1, true, 7],
      [2, true, 7],
    ])
    const { code, stdout } = await audit(workload, network)
    expect(stdout)
      .to.match(/committee +1\naudit +agrees/)
      .and.match(/committee +2\naudit +agrees/)
    expect(stdout).to.match(new RegExp(`\\n *0 +${committees[0]!.have[0]} +${committees[0]!.have[0]}`))
    expect(code).to.equal(0)

    const liar = await startSwappingMembers(network.chain.url, client.contracts)
    try {
      const lied = await audit(workload, { ...network, chain: { ...network.chain, url: liar.url } })
      expect(lied.stdout)
        .to.match(/committee +1\naudit +DIFFERS/)
        .and.match(/\n *1 +\d+ +\d+ +differs/)
      expect(lied.code).to.equal(3)
    } finally {
      await liar.stop()
    }
  })
})
