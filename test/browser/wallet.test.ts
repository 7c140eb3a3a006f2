import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { hexlify, JsonRpcProvider, randomBytes, Wallet } from 'ethers'
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
import { findBrowser, openPage, startBrowser, type Watched } from '../support/browser.js'
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
  let watched: Watched
  let page: Page
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

    const { privateKey } = Wallet.createRandom()
    wallet = new BrowserWallet(privateKey, new JsonRpcProvider(info.rpcUrl), ANOTHER_CHAIN, [info.chainId])
    await (await signer.sendTransaction({ to: wallet.address, value: TOKEN })).wait()
    await (await client.contracts.token.transfer(wallet.address, 100n * TOKEN)).wait()
    browser = await startBrowser(path)
    watched = await openPage(browser)
    ;({ page } = watched)
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
    expect(watched.complaints).to.deep.equal([])
    expect([...watched.origins]).to.deep.equal([api.url])
  })
})
