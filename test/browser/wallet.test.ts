import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { hexlify, JsonRpcProvider, randomBytes, Wallet, type HDNodeWallet } from 'ethers'
import type { Browser, Page } from 'playwright-core'
import { root } from '../../scripts/lib/artifacts.js'
import { startApi, type RunningApi } from '../../sdk/src/api/server/startApi.js'
import { deploymentOf } from '../../sdk/src/chain/deployment.js'
import { readDeploymentRecord } from '../../sdk/src/chain/readDeploymentRecord.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/createClient.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { startDevnet, type Devnet } from '../../sdk/src/devnet/index.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { findBrowser, openPage, openTab, startBrowser, type Watched } from '../support/browser.js'
import { BrowserWallet } from '../support/BrowserWallet.js'
import { TOKEN } from '../support/network.js'

const ANOTHER_CHAIN = 5

describe('browser: wallet', function () {
  this.timeout(240_000)
  let directory: string
  let devnet: Devnet
  let client: GevulotClient
  let api: RunningApi
  let browser: Browser
  const watched: Watched[] = []
  let page: Page
  let owner: HDNodeWallet
  let wallet: BrowserWallet

  before(async function () {
    const path = findBrowser()
    if (path === undefined) {
      console.log('  skip: there is no Chromium; on Debian: apt-get install chromium')
      this.skip()
    }
    directory = await mkdtemp(join(tmpdir(), 'gevulot-wallet-'))
    devnet = await startDevnet({ directory: join(directory, 'net'), port: 0, provers: 2, project: root })
    const { info } = devnet
    const provider = rpcProvider(info.rpcUrl, info.chainId)
    const signer = new Wallet((await readFile(info.requester.keyFile, 'utf8')).trim(), provider)
    const store = new DirectoryStore(info.store)
    const deployment = deploymentOf(await readDeploymentRecord(info.deployment))
    client = await createClient({ deployment, signer, store, pollMs: 200 })
    const log = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
    const rate = { perSecond: 1_000, burst: 1_000 }
    api = await startApi({ client, directory: join(directory, 'api'), log, version: '0', port: 0, proxy: true, rate })

    owner = Wallet.createRandom().connect(provider)
    wallet = new BrowserWallet(owner.privateKey, new JsonRpcProvider(info.rpcUrl), ANOTHER_CHAIN, [info.chainId])
    await (await signer.sendTransaction({ to: wallet.address, value: TOKEN })).wait()
    await (await client.contracts.token.transfer(wallet.address, 100n * TOKEN)).wait()
    browser = await startBrowser(path)
    watched.push(await openPage(browser))
    ;({ page } = watched[0]!)
    await wallet.install(page, 'Wallet of the test')
  })
  after(async () => {
    await (browser as Browser | undefined)?.close()
    await (api as RunningApi | undefined)?.stop()
    await (devnet as Devnet | undefined)?.stop()
    if ((directory as string | undefined) !== undefined) await rm(directory, { recursive: true, force: true })
  })

  const ask = async (program: string, about: string): Promise<void> => {
    await page.goto(`${api.url}/programs/${program}`)
    await page.getByRole('link', { name: 'Ask for a proof' }).click()
    await page.getByText('The least fee is').waitFor()
    await page.getByLabel('Maximum running time').fill('120')
    await page.getByLabel('Public inputs').fill(about)
  }
  const submit = () => page.getByRole('button', { name: 'Submit with a wallet' })
  const workloadOfPage = async (): Promise<`0x${string}`> => {
    await page.waitForURL('**/workloads/0x*', { timeout: 60_000 })
    return new URL(page.url()).pathname.split('/')[2] as `0x${string}`
  }

  it('refuses to go on without an account, on a chain that the wallet does not know, and without inputs', async () => {
    await ask(devnet.info.program, '')
    await submit().click()
    await page.getByText('Say what the proof is about').waitFor()
    expect(wallet.asked).to.deep.equal([])

    await page.getByLabel('Public inputs').fill('0x01')
    wallet.decide = () => 'refuse'
    await submit().click()
    await page.getByText('CHAIN_SIGNER_REFUSED').waitFor()
    wallet.decide = (method) => (method === 'wallet_switchEthereumChain' ? 'refuse' : 'approve')
    await submit().click()
    await page.getByText('refused wallet_switchEthereumChain').waitFor()
    expect((await client.contracts.market.accountOf(wallet.address)).nonce).to.equal(0n)
  })

  it('gets a proof with a wallet and nothing else, also when its owner hesitates', async () => {
    const about = hexlify(randomBytes(40))
    await ask(devnet.info.program, about)
    let transactions = 0
    // The fee is in the market when the request itself is refused: the second try must not pay again.
    wallet.decide = (method) => (method === 'eth_sendTransaction' && (transactions += 1) === 3 ? 'refuse' : 'approve')
    await submit().click()
    await page.getByText('CHAIN_SIGNER_REFUSED').waitFor()
    const { minimumFee } = await client.quote({ program: devnet.info.program, maxRunTime: 120 })
    const [before] = await client.contracts.market.accountOf(wallet.address)
    expect(before).to.equal(minimumFee)

    await submit().click()
    const workload = await workloadOfPage()
    await page.getByText('pay', { exact: true }).first().waitFor()
    await page.locator('h1 .tag', { hasText: 'proven' }).waitFor({ timeout: 120_000 })
    const [after, nonce] = await client.contracts.market.accountOf(wallet.address)
    expect([after, nonce]).to.deep.equal([0n, 1n])
    expect(transactions).to.equal(4)
    const { publicInputs, proof } = (await (await fetch(`${api.url}/v1/workloads/${workload}/proof`)).json()) as {
      publicInputs: string
      proof: string
    }
    expect(hexlify(Buffer.from(publicInputs, 'base64'))).to.equal(about)
    const bytes = Buffer.from(proof, 'base64')
    const { operator } = (await client.getWorkload({ workload })).slots[0]!
    const verdict = await client.verifyProof({ workload, program: devnet.info.program, prover: operator!, publicInputs: Buffer.from(about.slice(2), 'hex'), proof: bytes }) // prettier-ignore
    expect(verdict).to.deep.equal({ valid: true })
  })

  it('cancels with the wallet that asked, and with no other', async () => {
    // Nobody has the package of this program, so nobody can prove it.
    const { verifier } = await client.getProgram({ program: devnet.info.program })
    const { program } = await client.deployProgram({ prover: hexlify(randomBytes(32)), verifier: verifier as `0x${string}` }) // prettier-ignore
    wallet.decide = () => 'approve'
    await page.goto(`${api.url}/programs`)
    await page.getByRole('link', { name: `Program ${program.slice(0, 8)}` }).waitFor()
    await ask(program, '0x02')
    await submit().click()
    const workload = await workloadOfPage()

    const other = await openPage(browser)
    const stranger = new BrowserWallet(Wallet.createRandom().privateKey, new JsonRpcProvider(devnet.info.rpcUrl), devnet.info.chainId) // prettier-ignore
    await stranger.install(other.page, 'Wallet of a stranger')
    await other.page.goto(`${api.url}/workloads/${workload}`)
    await other.page.getByText('Cancel this workload').click()
    await other.page.getByRole('button', { name: 'Cancel with a wallet' }).click()
    await other.page.getByText('CONTRACT_NOT_REQUESTER').waitFor()
    expect(stranger.asked).to.deep.equal(['eth_requestAccounts'])
    await other.page.context().close()

    await page.getByText('Cancel this workload').click()
    await page.getByRole('button', { name: 'Cancel with a wallet' }).click()
    await page.locator('h1 .tag', { hasText: 'cancelled' }).waitFor({ timeout: 120_000 })
    expect((await client.getWorkload({ workload })).status).to.equal('cancelled')
  })

  const card = () => page.getByRole('region', { name: 'A request that is not finished' })
  const goOn = () => card().getByRole('button', { name: 'Go on with a wallet' })
  const kept = () => page.evaluate<number | null>("localStorage.getItem('gevulot-submission')?.length ?? null")
  const sent = () => wallet.asked.filter((method) => method === 'eth_sendTransaction').length
  const accountOf = async () => {
    const [balance, nonce] = await client.contracts.market.accountOf(wallet.address)
    return { balance, nonce }
  }
  /** Closes the tab; another one of the same browser opens where requests are made. */
  const reopen = async (): Promise<void> => {
    const context = page.context()
    await page.close()
    const tab = await openTab(context)
    watched.push(tab)
    ;({ page } = tab)
    await wallet.install(page, 'Wallet of the test')
    await page.goto(`${api.url}/submit`)
  }
  const ended = async (about: string): Promise<void> => {
    const workload = await workloadOfPage()
    await page.locator('h1 .tag', { hasText: 'proven' }).waitFor({ timeout: 120_000 })
    expect(await kept()).to.equal(null)
    const answer = (await (await fetch(`${api.url}/v1/workloads/${workload}/proof`)).json()) as {
      publicInputs: string
    }
    expect(hexlify(Buffer.from(answer.publicInputs, 'base64'))).to.equal(about)
  }

  it('goes on in another tab after the payment: the request alone is still sent', async () => {
    const about = hexlify(randomBytes(40))
    await ask(devnet.info.program, about)
    const before = { ...(await accountOf()), sent: sent() }
    wallet.decide = (method) => (method === 'eth_sendTransaction' && sent() === before.sent + 3 ? 'refuse' : 'approve')
    await submit().click()
    await page.getByText('CHAIN_SIGNER_REFUSED').waitFor()
    expect((await accountOf()).balance > before.balance).to.equal(true)
    // What another request would be kept in the place of.
    await reopen()
    await card().waitFor()
    await page.getByLabel('Program', { exact: true }).fill(devnet.info.program)
    await page.getByLabel('Public inputs').fill('0x04')
    await submit().click()
    await page.getByText('Go on with the request above first').waitFor()

    await goOn().click()
    await ended(about)
    expect(await accountOf()).to.deep.equal({ balance: 0n, nonce: before.nonce + 1n })
    expect(sent() - before.sent).to.equal(4)
  })

  it('goes on in another tab before provers have the inputs: nothing is sent again', async () => {
    const about = hexlify(randomBytes(40))
    await ask(devnet.info.program, about)
    const before = { ...(await accountOf()), sent: sent() }
    wallet.decide = () => 'approve'
    await page.route('**/inputs', (route) => route.abort())
    await submit().click()
    await page.locator('form').getByRole('alert').waitFor()
    expect((await accountOf()).nonce).to.equal(before.nonce + 1n)
    await reopen()
    await goOn().click()
    await ended(about)
    expect(await accountOf()).to.deep.equal({ balance: 0n, nonce: before.nonce + 1n })
    expect(sent() - before.sent).to.equal(3)
  })

  it('goes on in another tab while the payment is on its way: it is waited for', async () => {
    const chain = new JsonRpcProvider(devnet.info.rpcUrl)
    const { token, addresses } = client.contracts
    await (await token.connect(owner).approve(addresses.market, 100n * TOKEN)).wait()
    const about = hexlify(randomBytes(40))
    await ask(devnet.info.program, about)
    const before = { ...(await accountOf()), sent: sent() }
    await chain.send('evm_setIntervalMining', [0])
    try {
      await submit().click()
      const nonces = () =>
        Promise.all(['pending', 'latest'].map((tag) => chain.getTransactionCount(wallet.address, tag)))
      for (let [known, mined] = await nonces(); known === mined; [known, mined] = await nonces()) await sleep(100)
      await reopen()
      await goOn().click()
      await page.getByText('Waiting for what the wallet sent before').waitFor()
    } finally {
      await chain.send('evm_setIntervalMining', [1])
      chain.destroy()
    }
    await ended(about)
    expect(await accountOf()).to.deep.equal({ balance: 0n, nonce: before.nonce + 1n })
    expect(sent() - before.sent).to.equal(2)
  })

  it('asks again for a file that is too large to be kept, and goes on with no other account', async () => {
    const about = hexlify(randomBytes(40))
    await ask(devnet.info.program, about)
    const large = {
      name: 'large',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(randomBytes(1.5 * 2 ** 20)),
    }
    await page.getByLabel('Input files').setInputFiles([large])
    wallet.decide = (method) => (method === 'eth_sendTransaction' ? 'refuse' : 'approve')
    const before = await accountOf()
    await submit().click()
    await page.getByText('CHAIN_SIGNER_REFUSED').waitFor()
    wallet.decide = () => 'approve'
    expect(await kept()).to.be.within(100, 2_000)
    const stranger = new BrowserWallet(Wallet.createRandom().privateKey, new JsonRpcProvider(devnet.info.rpcUrl), devnet.info.chainId) // prettier-ignore
    const other = await page.context().newPage()
    await stranger.install(other, 'Wallet of a stranger')
    await other.goto(`${api.url}/submit`)
    await other.getByLabel('The same files again').setInputFiles([large])
    await other.getByRole('button', { name: 'Go on with a wallet' }).click()
    await other.getByText('the request was begun by').waitFor()
    expect(stranger.asked).to.deep.equal(['eth_requestAccounts'])

    await reopen()
    await goOn().click()
    await page.getByText('Choose what was too large to be kept: large.').waitFor()
    await page.getByLabel('The same files again').setInputFiles([large])
    await goOn().click()
    await ended(about)
    expect((await accountOf()).nonce).to.equal(before.nonce + 1n)
    // The other tab hears of it.
    await other.getByText('not finished').waitFor({ state: 'detached' })
    await other.close()
  })

  it('forgets a request when its owner says so, and takes nothing else for one', async () => {
    await ask(devnet.info.program, '0x05')
    wallet.decide = () => 'refuse'
    await submit().click()
    await page.getByText('CHAIN_SIGNER_REFUSED').waitFor()
    expect(await kept()).to.equal(null)
    wallet.decide = (method) => (method === 'eth_sendTransaction' ? 'refuse' : 'approve')
    const before = sent()
    await submit().click()
    // The page says so already, of the first time.
    while (sent() === before) await sleep(100)
    await page.getByText('CHAIN_SIGNER_REFUSED').waitFor()
    await reopen()
    const text = await page.evaluate<string>("localStorage.getItem('gevulot-submission')")
    await card().getByRole('button', { name: 'Forget it' }).click()
    await card().waitFor({ state: 'detached' })
    expect(await kept()).to.equal(null)
    for (const bad of [
      '{',
      'null',
      '[]',
      text.replace(/"args":\[/, '"args":[5'),
      text.replace(/"market":"0x./i, '"market":"0x0'),
    ]) {
      await page.evaluate(`localStorage.setItem('gevulot-submission', ${JSON.stringify(bad)})`)
      await page.reload()
      await page
        .locator('footer')
        .getByText(/^Chain/)
        .waitFor()
      await page.getByRole('button', { name: 'Submit with a wallet' }).waitFor()
      expect(await card().count(), bad).to.equal(0)
    }
    await page.evaluate("localStorage.removeItem('gevulot-submission')")
  })

  it('says what to do where there is no wallet', async () => {
    const other = await openPage(browser)
    await other.page.goto(`${api.url}/submit?program=${devnet.info.program}`)
    await other.page.getByLabel('Public inputs').fill('0x03')
    await other.page.getByText('The least fee is').waitFor()
    await other.page.getByRole('button', { name: 'Submit with a wallet' }).click()
    await other.page.getByText('this browser has no wallet').waitFor()
    await other.page.context().close()
  })

  it('fits a phone', async () => {
    const phone = await openPage(browser, { viewport: { width: 390, height: 844 } })
    await phone.page.goto(`${api.url}/submit?program=${devnet.info.program}`)
    await phone.page.getByText('The least fee is').waitFor()
    expect(await phone.page.evaluate('document.documentElement.scrollWidth')).to.equal(390)
    await phone.page.context().close()
  })

  it('breaks no rule of the policy, and speaks to its server alone', () => {
    // The requests that a test broke off are told too.
    const complaints = watched.flatMap((one) => one.complaints).filter((text) => !text.includes('net::ERR_FAILED'))
    expect(complaints).to.deep.equal([])
    expect([...new Set(watched.flatMap(({ origins }) => [...origins]))]).to.deep.equal([api.url])
  })
})
