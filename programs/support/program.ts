import type { BuiltPackage, ProgramResources } from '../../sdk/src/content/index.js'

/** `program.json`: what a deployment needs to know about a program beside its packages. */
export interface ProgramFacts {
  readonly name: string
  /** Hardware class of the seats that can run it. */
  readonly class: string
  /** The verifier contract by variant, and the gas its `verify` is given: measured worst case plus a tenth. */
  readonly verifier: { readonly contracts: Readonly<Record<string, string>>; readonly gas: number }
  readonly prove: ProgramResources
  readonly verify: ProgramResources
  /** Whether a proof is worth nothing to another prover; absent means no. */
  readonly bindsProver?: boolean
  /** The 32-byte words of `public_inputs`, in order. */
  readonly publicInputs: readonly string[]
}

/** A program whose packages lie in a store, ready to be deployed. */
export interface BuiltProgram {
  readonly name: string
  readonly class: string
  /** Which parameters it was built with, for example `ignition` or `development`. */
  readonly variant: string
  readonly prover: BuiltPackage
  readonly verifier: BuiltPackage
  /** To be deployed with `bindsProver`: a proof is worth nothing to another prover. */
  readonly bindsProver?: boolean
  readonly contract: {
    /** Name of the Solidity contract. */
    readonly name: string
    /** Its source file, from the root of the repository. */
    readonly source: string
    /** Its creation code, where the build writes the source and the tree does not hold it. */
    readonly code?: Uint8Array
    /** Gas to give to `verify`. */
    readonly gas: number
  }
}

/** The label of everything that rests on publicly known secrets. */
export const DEVELOPMENT_LABEL = 'development-parameters: anyone can forge'
