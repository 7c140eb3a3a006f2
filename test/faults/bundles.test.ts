import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { BUNDLE_FILE, failureBundle, type FailureBundle } from '../../sdk/src/worker/bundle/FailureBundle.js'
import { runCli, type CliResult } from '../support/cli.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { PATIENT, TestNetwork, type Operator } from '../support/network/TestNetwork.js'

// What a failed run leaves behind, by the worker and the command that operators use.
describe('faults: failure bundles', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let alice: Operator
  let bundles: string

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(PATIENT)
    alice = await network.addOperator('alice')
    bundles = join(alice.directory, 'data', 'bundles')
  })
  after(async () => {
    await network.stop()
  })

  /** Lets a workload fail and returns what its bundle says and where it is. */
  async function failed(mode: string): Promise<FailureBundle & { readonly path: string }> {
    await network.chain.mineAtOnce()
    const program = await network.deployGuest('guest', [mode])
    await network.chain.mineEvery(1)
    const workload = await network.submit(program)
    await network.until(workload, 'Failed')
    for (const name of await readdir(bundles)) {
      const bundle = failureBundle.parse(JSON.parse(await readFile(join(bundles, name, BUNDLE_FILE), 'utf8')))
      if (bundle.workload === workload) return { ...bundle, path: join(bundles, name) }
    }
    throw new Error(`no bundle of ${workload} among ${(await readdir(bundles)).join(' ')}`)
  }

  const rerun = (path: string, ...more: string[]): Promise<CliResult> =>
    runCli(['prover', 'rerun', path, '--json', ...more], {
      cwd: network.directory,
      env: { XDG_CACHE_HOME: join(network.directory, 'cache') },
    })

  it('a program that fails leaves a bundle, which fails in the same way elsewhere and without a chain', async () => {
    const worker = await network.startWorker(alice, {
      contentUrls: ['http://ops:sesame@127.0.0.1:9/'],
      fetchSeconds: 5,
    })
    const { path, ...bundle } = await failed('error')
    expect(bundle).to.deep.include({ content: 'whole', prover: alice.wallet.address, chainId: 31_337 })
    expect(bundle.run.ended.kind).to.equal('program-error')
    expect(bundle.run.runtime).to.equal('bubblewrap')
    expect(bundle.inputs.files.map(({ name, size }) => [name, size])).to.deep.equal([['public_inputs', 32]])
    const text = await readFile(join(path, BUNDLE_FILE), 'utf8')
    const key = alice.wallet.privateKey.slice(2)
    for (const secret of [key, 'sesame', network.directory, new URL(network.chain.url).host]) {
      expect(text.includes(secret), secret).to.be.false
    }
    // Another machine has neither the store nor the worker's cache.
    await rm(join(network.directory, 'cache'), { recursive: true, force: true })
    const again = (await rerun(path)).json() as { sameEnd: boolean; now: { ended: { kind: string } } }
    expect(again.sameEnd).to.be.true
    expect(again.now.ended.kind).to.equal('program-error')
    expect(await worker.stop()).to.equal(0)
  })

  it('a proof that the verifier refuses leaves one too, and the same proof comes out again', async () => {
    const worker = await network.startWorker(alice)
    const { path, refused, run } = await failed('threads')
    expect(refused).to.equal('the verifier refuses the proof')
    expect(run.ended.kind).to.equal('ok')
    expect((await rerun(path)).json()).to.include({ sameEnd: true, sameProof: true })
    expect(await worker.stop()).to.equal(0)
  })

  it('keeps the newest only, and of what is too large the digests alone', async () => {
    const worker = await network.startWorker(alice, { keepBundles: 1, bundleMiB: 0 })
    const { path, content } = await failed('exit')
    expect(content).to.equal('none')
    await worker.line(({ message }) => message === 'a failure bundle is kept')
    expect(await worker.stop()).to.equal(0)
    expect(await readdir(bundles)).to.have.length(1)
    const without = await rerun(path)
    expect(without.code).to.not.equal(0)
    expect(without.stderr).to.contain('CONTENT_NOT_FOUND')
    const store = ['--store', join(network.directory, 'content')]
    expect((await rerun(path, ...store)).json()).to.include({ sameEnd: true })
  })

  it('a rerun that ends in another way says so, and what is no bundle is refused', async () => {
    const name = (await readdir(bundles))[0] ?? ''
    const text = await readFile(join(bundles, name, BUNDLE_FILE), 'utf8')
    const wrong = join(network.directory, 'wrong')
    await mkdir(wrong)
    const write = (change: (bundle: FailureBundle) => unknown): Promise<void> =>
      writeFile(join(wrong, BUNDLE_FILE), JSON.stringify(change(JSON.parse(text) as FailureBundle)))
    const store = ['--store', join(network.directory, 'content')]
    await write((bundle) => ({ ...bundle, run: { ...bundle.run, ended: { kind: 'timeout' } } }))
    const other = await rerun(wrong, ...store)
    expect(other.code, other.stderr).to.equal(3)
    expect(JSON.parse(other.stdout)).to.include({ sameEnd: false })
    for (const change of [
      (bundle: FailureBundle) => ({ ...bundle, version: 2 }),
      (bundle: FailureBundle) => ({ ...bundle, program: { ...bundle.program, package: '../../etc/passwd' } }),
      (bundle: FailureBundle) => ({ ...bundle, inputs: { ...bundle.inputs, publicInputs: `0x${'00'.repeat(32)}` } }),
      () => 'nothing',
    ]) {
      await write(change)
      const refused = await rerun(wrong, ...store)
      expect(refused.code).to.equal(1)
      expect(refused.stderr).to.contain('WORKER_BUNDLE_INVALID')
    }
  })
})
