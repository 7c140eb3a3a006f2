import type { Signer } from 'ethers'

import { buildPackages as buildSpend } from '../../programs/aztec-spend/build.js'
import { exampleNote, makeInputs as makeSpendInputs } from '../../programs/aztec-spend/inputs.js'
import { buildPackages as buildSudoku } from '../../programs/groth16-sudoku/build.js'
import { makeInputs as makeSudokuInputs } from '../../programs/groth16-sudoku/inputs.js'
import type { BuiltProgram } from '../../programs/support/program.js'
import { type Client, deployProgram } from '../../sdk/src/client/index.js'
import type { ProgramId } from '../../sdk/src/chain/index.js'
import type { ContentStore } from '../../sdk/src/content/index.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'

/** A program of the demonstration, deployed, with real inputs for any number of workloads. */
export interface DemoProgram {
  readonly built: BuiltProgram
  readonly id: ProgramId
  /** Address of its verifier contract; none where a committee judges. */
  readonly verifier?: string
  /** The input files of workload number `index`, each another statement. */
  readonly inputs: (index: number) => Promise<Readonly<Record<string, Uint8Array>>>
}

/** Puzzles with one solution each; 0 is an empty cell. */
const PUZZLES = [
  '530070000600195000098000060800060003400803001700020006060000280000419005000080079',
  '003020600900305001001806400008102900700000008006708200002609500800203009005010300',
  '200080300060070084030500209000105408000000000402706000301007040720040060004010003',
  '000000907000420180000705026100904000050000040000507009920108000034059000507000000',
] as const

/** Builds the packages into the store, deploys the verifier contracts and the programs. */
export async function deployPrograms(
  client: Client,
  owner: Signer,
  store: ContentStore,
): Promise<{ readonly spend: DemoProgram; readonly sudoku: DemoProgram; readonly judged: DemoProgram }> {
  const deployed = async (built: BuiltProgram, inputs: DemoProgram['inputs']): Promise<DemoProgram> => {
    const { address } = await deployContract(owner, built.contract.name)
    const { program } = await deployProgram(client, {
      prover: built.prover.digest,
      verifierProgram: built.verifier.digest,
      verifier: address,
      verifierGas: built.contract.gas,
      class: 1,
    })
    return { built, id: program, verifier: address, inputs }
  }
  const spend = await deployed(await buildSpend({ store }), async (index) => ({
    ...(await makeSpendInputs(exampleNote(`note ${index}`))).files,
  }))
  const sudoku = await deployed(await buildSudoku({ store }), async (index) => {
    const puzzle = PUZZLES[index % PUZZLES.length] ?? PUZZLES[0]
    return { ...makeSudokuInputs(puzzle).files }
  })
  // The same packages without a contract: nothing but its verifier program can tell whether a proof is valid.
  const { program } = await deployProgram(client, {
    prover: sudoku.built.prover.digest,
    verifierProgram: sudoku.built.verifier.digest,
    class: 1,
  })
  return { spend, sudoku, judged: { built: sudoku.built, id: program, inputs: sudoku.inputs } }
}
