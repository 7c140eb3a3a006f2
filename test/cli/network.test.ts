import { readFile, writeFile, chmod, readdir } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseEther, solidityPackedKeccak256, toBeHex, toQuantity, Wallet } from 'ethers'
import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { CLI_COMMAND, runCli, startCli, type CliResult } from '../support/cli.js'
import { Terminal } from '../support/Terminal.js'
import { ROOMY, TestNetwork } from '../support/network/TestNetwork.js'

// Where the market keeps its rules: docs/architecture.md.
const RULES_SLOT = 6
/** Behind the beacon's address, in the rules that the draw freezes. */
const BASE_BURN_BIT = 160n + 24n

// Every command as a process, against a real chain; the proofs come from a worker that `gevulot prover run` started.
describe('cli: network', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let program: string
  let worker: ReturnType<typeof startCli>
  let seat: number
  let operatorKey: string
  const requesterKey = () => join(network.directory, 'requester.key')

  before(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash')
    const { privateKey } = network.chain.wallet(0)
    await writeFile(requesterKey(), privateKey, { mode: 0o600 })
    const settings = {
      rpcUrl: network.chain.url,
      deployment: network.deploymentPath,
      store: './content',
      keyFile: requesterKey(),
    }
    await writeFile(join(network.directory, 'gevulot.json'), JSON.stringify(settings))
    const alice = await network.addOperator('alice')
    ;[seat] = alice.seats as [number]
    operatorKey = join(alice.directory, 'key')
    worker = startCli(['prover', 'run', await network.configure(alice)], { cwd: network.directory })
    let log = ''
    worker.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const ended = once(worker, 'exit').then(() => {
      throw new Error(`the worker ended:\n${log}`)
    })
    while (!log.includes('worker started')) await Promise.race([once(worker.stdout!, 'data'), ended])
    ended.catch(() => undefined)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    worker.kill('SIGKILL')
    await network.stop()
  })

  const run = (...args: string[]): Promise<CliResult> => runCli(args, { cwd: network.directory })
  const json = async (...args: string[]): Promise<Record<string, unknown>> => (await run(...args, '--json')).json()

  async function submit(...more: string[]): Promise<string> {
    const words = join(network.directory, 'words')
    await writeFile(words, Buffer.from(`${Math.random()}`.padEnd(32, '0').slice(0, 32)))
    const terms = ['--input', `public_inputs=${words}`, '--max-run-time', '60']
    return (await json('workload', 'submit', program, ...terms, ...more))['workload'] as string
  }

  async function feeOf(workload: string): Promise<bigint> {
    return (await network.requester.getWorkload({ workload: workload as `0x${string}` })).terms.fee
  }

  it('quotes, submits, watches and fetches a proof', async () => {
    const quote = await json('workload', 'quote', program, '--max-run-time', '60')
    expect(BigInt(String(quote['minimumFee']))).to.be.greaterThan(0n)
    const workload = await submit('--deposit')
    const out = join(network.directory, 'out')
    const fetched = await json('workload', 'fetch', workload, '--out', out, '--wait')
    expect(fetched).to.include({ valid: true, seat, bytes: 8 })
    expect(await readdir(out)).to.have.members(['proof', 'public_inputs'])
    expect((await readFile(join(out, 'proof'))).length).to.equal(8)
    const again = await run('workload', 'fetch', workload, '--out', out)
    expect(again.code).to.equal(1)
    expect(again.stderr).to.include('CLI_FILE_EXISTS')

    const lines = (await run('workload', 'watch', workload, '--json')).stdout.trim().split('\n')
    const names = lines.map((line) => (JSON.parse(line) as { name: string }).name)
    expect(names[0]).to.equal('Submitted')
    expect(names.at(-1)).to.equal('Finished')
    const status = await json('workload', 'status', workload)
    expect(status).to.include({ status: 'proven' })
    expect((await run('workload', 'status', workload)).stdout).to.match(/status +proven/)
    const listed = (await json('workload', 'list')) as unknown as { workload: string; outcome: string }[]
    expect(listed[0]).to.include({ workload, outcome: 'Proven' })
    const [requester] = [network.chain.wallet(0).address]
    expect(await json('workload', 'list', '--requester', requester, '--limit', '1')).to.have.length(1)
    expect((await run('workload', 'release', workload)).code).to.equal(1)
  })

  it('a file that is not there is no bug, and costs nothing', async () => {
    const { nonce, market } = await json('account', 'balance')
    const args = ['--input', 'public_inputs=nowhere', '--max-run-time', '60', '--deposit']
    const { code, stderr } = await run('workload', 'submit', program, ...args)
    expect(stderr).to.include('CLI_FILE_UNREADABLE').and.include('cannot open nowhere: there is no such file')
    expect(code).to.equal(1)
    expect(await json('account', 'balance')).to.include({ nonce, market })
  })

  /** What is to be copied is not broken: a command line, and where even the terminal is narrower an id. */
  const mayBeWide = (columns: number) => (columns < 80 ? /0x[0-9a-f]{40,}$|^ {2}gevulot /i : /^ {2}gevulot /)

  async function fits(columns: number, args: readonly string[]): Promise<string> {
    const terminal = new Terminal([...CLI_COMMAND, ...args], { columns, cwd: network.directory })
    const name = `gevulot ${args.join(' ')} at ${columns}`
    expect(await terminal.ended(), `${name}\n${terminal.text}`).to.equal(0)
    const wide = terminal.lines.filter((line) => line.length > columns && !mayBeWide(columns).test(line))
    expect(wide, name).to.deep.equal([])
    return terminal.text
  }

  it('fits a terminal of 60, 80 and 120 columns', async () => {
    const operator = new Wallet((await readFile(operatorKey, 'utf8')).trim()).address
    const workload = ((await json('workload', 'list', '--limit', '1')) as unknown as { workload: string }[])[0]!
      .workload
    const lines = [
      ...[
        ['workload', 'list'],
        ['program', 'list'],
        ['prover', 'status', operator],
        ['prover', 'history', operator],
      ],
      ...[
        ['workload', 'quote', program, '--max-run-time', '60', '--redundancy', '3'],
        ['workload', 'judging', workload],
      ],
      ...[
        ['workload', 'status', workload],
        ['workload', 'watch', workload],
        ['audit', 'payments', workload],
      ],
      ...[['workload', 'submit', '--help'], ['--help']],
    ]
    for (const columns of [60, 80, 120]) {
      for (const args of lines) {
        const text = await fits(columns, args)
        // An id is not cut in a list: the next command takes it.
        if (args[1] === 'list') expect(text, `${args[0]} list at ${columns}`).to.match(/0x[0-9a-f]{64}\s/)
        const isCut = /0x[0-9a-f]*…/i
        if (!args.includes('--help') && args[1] !== 'watch') expect(text, args.join(' ')).not.to.match(isCut)
      }
    }
  })

  it('fits a terminal of 80 columns with whatever else a requester and an operator ask', async () => {
    const operator = new Wallet((await readFile(operatorKey, 'utf8')).trim()).address
    const submitted = ((await json('workload', 'list', '--limit', '1')) as unknown as { workload: string }[])[0]!
    const { workload } = submitted
    // Nothing is drawn while no block comes.
    await network.chain.mineAtOnce()
    const pending = await submit('--deposit')
    const status = await fits(80, ['workload', 'status', pending])
    expect(status)
      .to.match(/beacon round +\d/)
      .and.include(pending)
    const words = join(network.directory, 'words')
    const terms = ['--input', `public_inputs=${words}`, '--max-run-time', '60', '--deposit']
    const digest = `0x${'5d'.repeat(32)}`
    for (const args of [
      ['workload', 'cancel', pending],
      ['workload', 'submit', program, ...terms],
      ['workload', 'fetch', workload, '--out', 'wide'],
      ['proof', 'archive', '--to', 'archive', '--depth', '0'],
      ['program', 'show', program],
      ['program', 'deploy', '--prover', digest, '--verifier', network.verifier],
      ['program', 'deploy', '--prover', digest, '--verifier', network.verifier],
      ['account', 'balance'],
      ['account', 'deposit', '1'],
      ['account', 'withdraw', '1', '--to', operator],
      ['account', 'fund', operator],
      ['prover', 'rewards', operator],
      ['prover', 'name-submitter', operator],
      ['validator', 'status', operator],
      ['audit', 'draw', workload],
      ['init', 'project'],
    ]) {
      await fits(80, args)
    }
    await network.chain.mineEvery(1)
    // The only seat is free for the tests that follow.
    const [last] = (await json('workload', 'list', '--limit', '1')) as unknown as { workload: WorkloadId }[]
    await network.until(last!.workload, 'Finished')
  })

  it('audits a draw and payments, and says by its exit code when the chain disagrees', async () => {
    const workload = await submit('--deposit')
    await network.until(workload as WorkloadId, 'Finished')
    const draw = await json('audit', 'draw', workload)
    expect(draw).to.include({ agrees: true, workload, setSize: 1 })
    expect((await run('audit', 'draw', workload)).stdout)
      .to.match(/audit +agrees/)
      .and.match(/Drawn, slot 0 +Drawn, slot 0/)
    const payments = await json('audit', 'payments', workload)
    expect(payments).to.include({ agrees: true, workload })
    expect((payments['want'] as { shares: string[] }).shares).to.have.length(1)
    // It may be submitted yet.
    expect((await run('audit', 'payments', `0x${'00'.repeat(31)}01`)).code).to.equal(75)

    // Rules that are not those the workload was paid by, as if the market had broken its word.
    const { market } = network.contracts.addresses
    const { provider } = network.chain
    const slot = toBeHex(BigInt(solidityPackedKeccak256(['uint256', 'uint256'], [1, RULES_SLOT])), 32)
    const word = BigInt(await provider.getStorage(market, slot))
    await provider.send('anvil_setStorageAt', [market, slot, toBeHex(word ^ (1n << BASE_BURN_BIT), 32)])
    const lie = await run('audit', 'payments', workload)
    await provider.send('anvil_setStorageAt', [market, slot, toBeHex(word, 32)])
    expect(lie.stdout)
      .to.match(/audit +DIFFERS/)
      .and.match(/burned .*differs/)
    expect(lie.code).to.equal(3)
    expect((await run('audit', 'payments', workload)).code).to.equal(0)
  })

  it('a retry with the same nonce submits nothing twice', async () => {
    const { nonce } = await json('account', 'balance')
    const words = join(network.directory, 'same')
    await writeFile(words, Buffer.alloc(32, 7))
    const terms = ['--input', `public_inputs=${words}`, '--max-run-time', '60', '--nonce', String(nonce)]
    const first = await json('workload', 'submit', program, ...terms)
    const second = await json('workload', 'submit', program, ...terms)
    expect(first).to.include({ created: true })
    expect(second).to.include({ created: false, workload: first['workload'] })
    // What it pays or gives back comes into no balance of the tests that follow.
    await network.until(first['workload'] as WorkloadId, 'Finished')
  })

  it('cancels for nothing before the draw is fixed', async () => {
    // A block a transaction: no beacon round can pass between the two commands.
    await network.chain.mineAtOnce()
    const workload = await submit()
    expect(await json('workload', 'cancel', workload)).to.include({
      status: 'cancelled',
      refunded: String(await feeOf(workload)),
    })
    await network.chain.mineEvery(1)
  })

  it('deposits and withdraws exactly', async () => {
    const before = BigInt(String((await json('account', 'balance'))['market']))
    await json('account', 'deposit', '2.5')
    const { market } = await json('account', 'withdraw', '1.25')
    expect(BigInt(String(market))).to.equal(before + parseEther('1.25'))
    const tooMuch = await run('account', 'withdraw', '999999999')
    expect(tooMuch.code).to.equal(1)
    expect(tooMuch.stderr).to.include('CONTRACT_INSUFFICIENT_BALANCE')
  })

  it('gives tokens and ether of a local network away, but not more than its owner has', async () => {
    const { address } = Wallet.createRandom()
    const funded = await json('account', 'fund', address, '--tokens', '12.5', '--ether', '1')
    expect(funded).to.include({ account: address, wallet: parseEther('12.5').toString() })
    expect(await network.chain.provider.getBalance(address)).to.equal(parseEther('1'))
    const refused = await run('account', 'fund', address, '--tokens', '2000000000')
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('DEVNET_NOT_LOCAL')
  })

  it('programs: deploys once, lists and shows', async () => {
    const digest = `0x${'5c'.repeat(32)}`
    const args = ['program', 'deploy', '--prover', digest, '--verifier', network.verifier, '--verifier-gas', '200000']
    const first = await json(...args)
    expect(first).to.include({ created: true })
    expect(await json(...args)).to.deep.equal({ program: first['program'], created: false })
    const shown = await json('program', 'show', String(first['program']))
    expect(shown).to.include({ prover: digest, verifierGas: 200_000, verifier: network.verifier })
    const listed = (await json('program', 'list')) as unknown as { program: string }[]
    expect(listed.map((entry) => entry.program)).to.include.members([program, String(first['program'])])
    expect((await run('program', 'show', `0x${'00'.repeat(31)}01`)).code).to.equal(1)
  })

  it('seats: stake, status, leave, and no bond before the cooldown', async () => {
    const key = join(network.directory, 'bob.key')
    const bob = Wallet.createRandom().connect(network.chain.provider)
    await writeFile(key, bob.privateKey, { mode: 0o600 })
    await network.chain.provider.send('anvil_setBalance', [bob.address, '0x56bc75e2d63100000'])
    await (await network.contracts.token.transfer(bob.address, parseEther('2000'))).wait()
    const refused = await run('prover', 'stake', '--key-file', key)
    expect(refused.stderr).to.include('CONTRACT_OPERATOR_NOT_ADMITTED')
    await (await network.contracts.registry.admit(bob.address, true)).wait()
    const { seats } = await json('prover', 'stake', '--seats', '2', '--key-file', key)
    expect(seats).to.have.length(2)
    const numbers = (seats as number[]).join(',')
    const status = await json('prover', 'status', bob.address)
    expect((status['seats'] as { status: string }[]).map((entry) => entry.status)).to.deep.equal(['Active', 'Active'])
    expect((await run('prover', 'leave', numbers, '--key-file', key)).code).to.equal(0)
    const early = await run('prover', 'withdraw', numbers, '--key-file', key)
    expect(early.stderr).to.include('CONTRACT_COOLING_DOWN')
    expect((await run('prover', 'leave', String(seat), '--key-file', key)).stderr).to.include('NOT_SEAT_OPERATOR')
    expect((await run('prover', 'status', '--key-file', operatorKey)).stdout).to.include(String(seat))
  })

  it('seats: a slashed one is topped up and joins again with its price floor; the bounty for it is paid out', async () => {
    const dave = await network.addOperator('dave', 2)
    const erin = await network.addOperator('erin', 0)
    const [first] = dave.seats as [number, number]
    const key = join(dave.directory, 'key')
    const own = (...args: string[]) => json('prover', ...args, '--key-file', key)
    const { registry, token, addresses } = network.contracts
    const { provider } = network.chain
    const wait = async (): Promise<void> => {
      await provider.send('evm_increaseTime', [5 * Number(await registry.epochLength())])
      await network.chain.mine()
    }
    const numbers = dave.seats.join(',')
    await own('leave', numbers)
    await wait()
    await own('join', numbers, '--price-floor', '7')

    // As the market does it for a seat that was silent.
    await provider.send('anvil_impersonateAccount', [addresses.market])
    await provider.send('anvil_setBalance', [addresses.market, toQuantity(parseEther('1'))])
    const market = await provider.getSigner(addresses.market)
    // A limit of its own: estimated at the end of one epoch and mined in the next it takes 350 gas more.
    await (await registry.connect(market).slash(first, erin.wallet.address, { gasLimit: 500_000 })).wait()
    await provider.send('anvil_setBalance', [addresses.market, '0x0'])
    await wait()
    const refused = await run('prover', 'join', String(first), '--key-file', key)
    expect(refused.stderr).to.include('CONTRACT_BOND_INCOMPLETE').and.include('gevulot prover top-up')
    await (await token.transfer(dave.wallet.address, parseEther('100'))).wait()
    expect(await own('top-up', numbers)).to.include({ paid: parseEther('100').toString() })
    expect((await run('prover', 'top-up', numbers, '--key-file', key)).stderr).to.include('CONTRACT_NOTHING_DUE')
    await own('join', String(first))
    const { seats } = await own('status')
    const standing = (seats as { status: string; priceFloor: string; bond: string }[]).map((one) => [
      one.status,
      one.priceFloor,
      one.bond,
    ])
    expect(standing).to.deep.equal(dave.seats.map(() => ['Active', '7', parseEther('1000').toString()]))
    await own('leave', numbers)

    const keeper = ['--key-file', join(erin.directory, 'key')]
    const bounty = parseEther('10').toString()
    expect(await json('prover', 'rewards', ...keeper)).to.include({ bounty })
    const { address: to } = Wallet.createRandom()
    expect(await json('prover', 'withdraw-bounty', '--to', to, ...keeper)).to.deep.equal({
      account: erin.wallet.address,
      amount: bounty,
      to,
    })
    expect(await json('account', 'balance', to)).to.include({ wallet: bounty })
    expect((await run('prover', 'withdraw-bounty', ...keeper)).stderr).to.include('CONTRACT_NOTHING_DUE')
  })

  it('keys: an open file is refused, a keystore opens with its password only, nothing shows the key', async () => {
    const open = join(network.directory, 'open.key')
    await writeFile(open, Wallet.createRandom().privateKey)
    await chmod(open, 0o644)
    const refused = await run('account', 'balance', '--key-file', open)
    expect(refused.stderr).to.include('CLI_KEY_UNSAFE')
    const file = join(network.directory, 'store.json')
    const at = (password: string, ...args: string[]) =>
      runCli(args, { cwd: network.directory, env: { GEVULOT_KEY_PASSWORD: password } })
    const { account } = (await at('correct horse', 'account', 'new', file, '--json')).json()
    const wrong = await at('wrong horse', 'account', 'balance', '--key-file', file)
    expect(wrong.stderr).to.include('CLI_KEY_LOCKED').and.not.include('horse')
    const right = await at('correct horse', 'account', 'balance', '--key-file', file, '--json')
    expect(right.json()).to.include({ account, market: '0' })
    const { privateKey } = network.chain.wallet(0)
    const shown = await run('account', 'balance')
    expect(shown.stdout + shown.stderr).not.to.include(privateKey.slice(2))
  })

  it('stops a watch with 130 on SIGINT, and the worker cleanly', async () => {
    // Nothing is drawn while no block comes, so the watch has something to wait for.
    await network.chain.mineAtOnce()
    const workload = await submit()
    const terminal = new Terminal([...CLI_COMMAND, 'workload', 'watch', workload], {
      columns: 80,
      cwd: network.directory,
    })
    await terminal.until(/Submitted.*\n.*waiting for what happens next {2}\d+ s/s)
    terminal.type('\u0003')
    expect(await terminal.ended()).to.equal(130)
    expect(terminal.lines.join('\n')).not.to.include('waiting')
    const watch = startCli(['workload', 'watch', workload], { cwd: network.directory })
    await once(watch.stdout!, 'data')
    watch.kill('SIGINT')
    const [code] = (await once(watch, 'exit')) as [number]
    expect(code).to.equal(130)
    worker.kill('SIGTERM')
    const [ended] = (await once(worker, 'exit')) as [number]
    expect(ended).to.equal(0)
  })
})
