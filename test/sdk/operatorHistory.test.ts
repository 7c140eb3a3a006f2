import { expect } from 'chai'

import type { HistoryOfWork } from '../../sdk/src/client/operatorHistory.js'
import { operatorHistory } from '../../sdk/src/client/operatorHistory.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import type { Hex } from '../../sdk/src/chain/index.js'
import { writeDeploymentRecord } from '../../sdk/src/deploy/deploy.js'
import { devnet } from '../../sdk/src/deploy/parameters.js'
import { runCli } from '../support/cli.js'
import {
  aProgram,
  operatorOf,
  prover,
  someInputs,
  startNetwork,
  TOKEN,
  type Network,
  type Operator,
} from '../support/network.js'
import { useTemporaryDirectory } from '../support/temporary.js'

// Every way a slot can end, by hand on a real chain; the history is read from its events alone.
describe('sdk: what an operator earned and lost', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let program: Hex
  let paidOperator: Operator

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 10_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(async () => {
    await network.chain.stop()
  })

  async function drawn() {
    const { workload, spec } = await client.submit({ program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 600 })
    await network.chain.mine(70)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, spec, seat: slots[0]!.seat }
  }

  async function entriesOf({ address }: Operator): Promise<HistoryOfWork[]> {
    const { entries } = await operatorHistory(client, { operator: address })
    return entries.filter((entry) => entry.kind === 'work')
  }

  it('tells answer, rank, pay, miss and slash of each workload, and adds them up', async () => {
    const paid = await drawn()
    await prover.submitProof(network, paid.spec, paid.seat)
    paidOperator = operatorOf(network, paid.seat)
    const declined = await drawn()
    await prover.decline(network, declined.spec, declined.seat)
    const failed = await drawn()
    await prover.fail(network, failed.spec, failed.seat, 'ProgramFailed')
    const silent = await drawn()
    await network.chain.pass(devnet.rules.silenceWindow + 700)
    await client.slash({ workload: silent.workload })
    const of = async ({ workload, seat }: { readonly workload: Hex; readonly seat: number }) =>
      (await entriesOf(operatorOf(network, seat))).find((entry) => entry.workload === workload)
    expect(await of(paid)).to.deep.include({
      seat: paid.seat,
      program,
      answer: 'committed',
      rank: 1,
      outcome: 'Proven',
    })
    expect((await of(paid))!.paid).to.be.greaterThan(18n * TOKEN)
    expect(await of(declined)).to.deep.include({ answer: 'declined', rank: 0, paid: 0n })
    expect(await of(failed)).to.deep.include({ answer: 'failed', reason: 'ProgramFailed', slashed: 0n })
    const slashed = (await of(silent))!
    expect(slashed).to.include({ answer: 'silent', rank: 0 })
    expect(slashed.slashed).to.be.greaterThan(0n)
    const operator = operatorOf(network, silent.seat)
    const history = await operatorHistory(client, { operator: operator.address })
    const work = await entriesOf(operator)
    expect(history.totals).to.deep.include({
      workloads: new Set(work.map(({ workload }) => workload)).size,
      paid: work.reduce((sum, entry) => sum + entry.paid, 0n),
      slashed: work.reduce((sum, entry) => sum + entry.slashed, 0n),
    })
    // The slash is told once, with its workload.
    expect(history.entries.filter(({ kind }) => kind === 'slash')).to.be.empty
    const recent = await operatorHistory(client, { operator: operator.address, since: slashed.at })
    expect(recent.entries.every(({ at }) => at >= slashed.at)).to.be.true
  })

  it('is a table of numbers for spreadsheets', async () => {
    const path = writeDeploymentRecord(network.record, directory())
    const { address } = paidOperator
    const settings = ['--rpc-url', network.chain.url, '--deployment', path]
    const { code, stdout, stderr } = await runCli(['prover', 'history', address, '--csv', ...settings], {
      cwd: directory(),
    })
    expect(code, stderr).to.equal(0)
    const [head, ...rows] = stdout.trim().split('\n')
    const columns = head!.split(',')
    expect(columns).to.include.members(['time', 'workload', 'rank', 'tokens', 'slashed'])
    expect(rows).to.not.be.empty
    for (const row of rows) {
      const cells = row.split(',')
      expect(cells, row).to.have.length(columns.length)
      expect(cells[columns.indexOf('tokens')]).to.match(/^-?\d+(\.\d+)?$/)
      expect(row).to.match(/^\d{4}-\d\d-\d\dT/)
    }
  })
})
