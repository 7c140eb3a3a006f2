import { join } from 'node:path'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import { buildPackages as buildFilecoin } from '../../programs/filecoin/build.js'
import { sampleInputs } from '../../programs/filecoin/samples.js'
import { PROGRAMS } from '../../programs/filecoin/shapes.js'
import { buildPackages as buildSudoku } from '../../programs/groth16-sudoku/build.js'
import { makeInputs as sudokuInputs } from '../../programs/groth16-sudoku/inputs.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import type { FailReason, ProgramId } from '../../sdk/src/chain/index.js'
import { buildPackage, DirectoryStore, fetchPackage, type PackageSpec } from '../../sdk/src/content/index.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { PATIENT, TestNetwork } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'
import { flipped } from './mutations.js'
import { sandboxWorks } from './support.js'

// What a requester learns when a real prover cannot prove: the reason on chain, and in the prover's log what the program says.
describe('programs: bad input', function () {
  this.timeout(600_000)
  const { files: post } = sampleInputs(PROGRAMS.small)
  let network: TestNetwork
  let worker: WorkerProcess
  let store: DirectoryStore
  let sudoku: BuiltProgram
  let filecoin: BuiltProgram
  const deployed = new Map<string, ProgramId>()
  const closers: (() => Promise<void>)[] = []

  before(async function () {
    if (!(await sandboxWorks())) {
      console.log('      SKIP: this machine cannot make a bubblewrap sandbox')
      this.skip()
    }
    network = await TestNetwork.start(PATIENT)
    closers.push(() => network.stop())
    store = new DirectoryStore(join(network.directory, 'content'))
    sudoku = await buildSudoku({ store })
    filecoin = await buildFilecoin({ store, post: 'small' })
    await deploy('sudoku', sudoku)
    await deploy('filecoin', filecoin)
    await deploy('without parameters', filecoin, { keep: (path) => path !== 'parameters' })
    await deploy('with little memory', sudoku, { memoryMiB: 32 })
    const alice = await network.addOperator('alice', 8)
    worker = await network.startWorker(alice, { cores: 2, fetchSeconds: 3 })
    // A draw waits for nobody: the first workload comes when the worker follows the chain.
    await worker.line((line) => line.message === 'worker started', 300)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    for (const close of closers) await close()
  })

  /** Deploys a program, or a copy of it with fewer files or less memory. */
  async function deploy(
    name: string,
    { prover, contract, bindsProver }: BuiltProgram,
    change: { keep?: (path: string) => boolean; memoryMiB?: number } = {},
  ): Promise<void> {
    const { files, manifest } = await fetchPackage(prover.digest, store, join(network.directory, 'copies'))
    const { argv, env, role, resources } = manifest
    const spec: PackageSpec = {
      name,
      role,
      argv,
      env,
      resources: { ...resources, ...(change.memoryMiB !== undefined && { memoryMiB: change.memoryMiB }) },
      files: manifest.files
        .filter(({ path }) => change.keep?.(path) ?? true)
        .map(({ path, mode }) => ({ path, source: join(files, path), executable: mode === '0755' })),
    }
    const { digest } = await buildPackage(spec, store)
    const { address } = await deployContract(network.chain.wallet(0), contract.name)
    const { program } = await network.requester.deployProgram({
      prover: digest,
      verifier: address,
      verifierGas: contract.gas,
      ...(bindsProver === true && { bindsProver }),
    })
    deployed.set(name, program)
  }

  const CASES: ReadonlyArray<{
    readonly what: string
    readonly program: string
    readonly files: Readonly<Record<string, Uint8Array>> & { readonly public_inputs: Uint8Array }
    readonly reason: FailReason
    readonly says: string
  }> = [
    {
      what: 'a statement that is not true',
      program: 'sudoku',
      files: sudokuInputs('11'.padEnd(81, '.')).files,
      reason: 'ProgramFailed',
      says: 'the sudoku has no solution',
    },
    {
      what: 'a witness that does not satisfy',
      program: 'filecoin',
      files: { ...post, vanilla: flipped(post.vanilla, 8 + 64 + 512 + 40) },
      reason: 'ProgramFailed',
      says: 'does not lead to comm_r_last',
    },
    {
      what: 'a malformed file',
      program: 'filecoin',
      files: { ...post, vanilla: post.vanilla.slice(0, 100) },
      reason: 'ProgramFailed',
      says: 'vanilla is truncated',
    },
    {
      what: 'a missing file',
      program: 'filecoin',
      files: { public_inputs: post.public_inputs },
      reason: 'ProgramFailed',
      says: '/in/vanilla is missing',
    },
    {
      what: 'missing parameters',
      program: 'without parameters',
      files: { ...post },
      reason: 'ProgramFailed',
      says: '/app/parameters is missing',
    },
    {
      what: 'too little memory',
      program: 'with little memory',
      files: sudokuInputs('.'.repeat(81)).files,
      reason: 'ProgramFailed',
      says: 'the program ended as',
    },
  ]
  for (const { what, program, files, reason, says } of CASES) {
    it(`${what}: the worker fails with ${reason}, the requester reads it`, async () => {
      const { workload } = await network.requester.submit({
        program: deployed.get(program)!,
        inputs: { files },
        fee: parseEther('20'),
        maxRunTime: 120,
      })
      expect((await network.until(workload, 'Failed', 110)).args.reason).to.equal(reason)
      await worker.line((line) => line['workload'] === workload && JSON.stringify(line).includes(says))
      const { slots } = await network.requester.getWorkload({ workload })
      expect(slots.map((slot) => slot.reason)).to.include(reason)
    })
  }
})
