import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getBytes, hexlify, isError } from 'ethers'
import {
  asChainError,
  type Address,
  type Bytes32,
  type Contracts,
  type Hex,
  type ProgramId,
} from '../../chain/index.js'
import { TRANSACTION_LIMITS } from '../../chain/transactionLimits.js'
import { HashcashPuzzle__factory } from '../../chain/generated/factories/HashcashPuzzle__factory.js'
import { ProofPuzzle__factory } from '../../chain/generated/factories/ProofPuzzle__factory.js'
import type { ContentSource } from '../../content/index.js'
import type { PackageCache } from '../../content/PackageCache.js'
import { workerError } from '../../errors/codes/worker.js'
import type { RunOutcome, Runtime } from '../../runtime/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { ChainFacts } from '../coordinate/ChainFacts.js'
import type { Grant, ResourceLedger } from '../run/ResourceLedger.js'
import { solveHashcash, type HashcashDifficulty } from './solveHashcash.js'

/** What a {@link PuzzleSolver} needs. */
export interface PuzzleSolverOptions {
  readonly config: Pick<WorkerConfig, 'cores' | 'logKiB' | 'maxContentMiB' | 'dataDirectory'>
  readonly contracts: Contracts
  readonly chain: ChainFacts
  readonly runtime: Runtime
  readonly ledger: ResourceLedger
  readonly packages: PackageCache
  readonly sources: (uris: readonly string[]) => ContentSource
  readonly operator: Address
}

/** A puzzle contract, as the solver reads it. */
type Puzzle =
  ({ readonly kind: 'hashcash' } & HashcashDifficulty) | { readonly kind: 'proof'; readonly program: ProgramId }

const MIB = 2 ** 20

/** Solves the puzzles of seats: hashcash in threads, proofs by running the puzzle's program in the worker's runtime. */
export class PuzzleSolver {
  readonly #options: PuzzleSolverOptions
  readonly #puzzles = new Map<Address, Puzzle>()

  constructor(options: PuzzleSolverOptions) {
    this.#options = options
  }

  /**
   * Solves the puzzle of a seed.
   * @param seconds Time left.
   * @throws GevulotError WORKER_PUZZLE_UNSOLVED, WORKER_STOPPED, CHAIN_RPC_UNAVAILABLE, `CONTENT_*`, `RUNTIME_*`
   */
  async solve(address: Address, seed: Bytes32, seconds: number, signal: AbortSignal): Promise<Hex> {
    const puzzle = this.#puzzles.get(address) ?? (await this.#read(address))
    this.#puzzles.set(address, puzzle)
    switch (puzzle.kind) {
      case 'hashcash': {
        const late = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
        const { cores: threads } = this.#options.config
        const { solution } = await solveHashcash({ ...puzzle, seed: getBytes(seed), threads, signal: late })
        return hexlify(solution) as Hex
      }
      case 'proof':
        return this.#prove(puzzle.program, address, seed, seconds, signal)
    }
  }

  async #read(address: Address): Promise<Puzzle> {
    const { provider } = this.#options.contracts
    const hashcash = HashcashPuzzle__factory.connect(address, provider)
    try {
      const [work, count] = await Promise.all([hashcash.work(), hashcash.count()])
      return { kind: 'hashcash', work, count: Number(count) }
    } catch (error) {
      if (!isError(error, 'CALL_EXCEPTION') && !isError(error, 'BAD_DATA'))
        throw asChainError(error, 'reading the puzzle')
    }
    try {
      return { kind: 'proof', program: (await ProofPuzzle__factory.connect(address, provider).program()) as ProgramId }
    } catch (error) {
      if (!isError(error, 'CALL_EXCEPTION') && !isError(error, 'BAD_DATA'))
        throw asChainError(error, 'reading the puzzle')
      throw unsolved(`the puzzle at ${address} is of no kind this worker knows`)
    }
  }

  /** Runs the program on the seed's statement. The proof is checked by the puzzle contract when the answer is simulated. */
  async #prove(
    programId: ProgramId,
    address: Address,
    seed: Bytes32,
    seconds: number,
    signal: AbortSignal,
  ): Promise<Hex> {
    const { config, contracts, chain, runtime, ledger, packages, sources, operator } = this.#options
    const known = await chain.program(programId)
    if (known === undefined) throw unsolved(`the puzzle's program ${programId} is not known here`)
    const directory = join(config.dataDirectory, 'puzzles', seed)
    const holder = {}
    try {
      const outputDirectory = join(directory, 'out')
      await mkdir(outputDirectory, { recursive: true })
      const options = { maxBytes: config.maxContentMiB * MIB, signal }
      const program = await packages.fetch(known.program.prover, sources(known.uris), holder, options)
      const statement = join(directory, 'public_inputs')
      await writeFile(
        statement,
        getBytes(await ProofPuzzle__factory.connect(address, contracts.provider).statementOf(seed)),
      )
      const { resources } = program.manifest
      const refusal = ledger.refusal(resources)
      if (refusal !== undefined) throw unsolved(`for the puzzle, ${refusal}`)
      const solve = (grant: Grant): Promise<RunOutcome> =>
        runtime.run({
          package: program,
          inputs: [{ name: 'public_inputs', path: statement }],
          args: [],
          role: 'prove',
          workload: seed,
          prover: operator,
          limits: { ...grant, seconds, logBytes: config.logKiB * 1024 },
          outputDirectory,
          signal,
        })
      const { gpus, ...rest } = resources
      // A check does not wait for work under way; a card can be lent to one program only.
      const outcome = await (gpus === undefined ? solve(rest) : ledger.run(resources, solve, { signal }))
      const proof = outcome.kind === 'ok' ? outcome.files.find(({ name }) => name === 'proof') : undefined
      if (proof === undefined) throw unsolved(`the puzzle's program ended as ${outcome.kind} without a proof`)
      if (proof.size > TRANSACTION_LIMITS.bytes)
        throw unsolved(`the puzzle's proof has ${proof.size} bytes, more than a transaction`)
      return hexlify(await readFile(proof.path)) as Hex
    } finally {
      packages.release(holder)
      await rm(directory, { recursive: true, force: true })
    }
  }
}

function unsolved(message: string) {
  return workerError('WORKER_PUZZLE_UNSOLVED', message)
}
