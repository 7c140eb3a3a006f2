// snarkjs and ffjavascript ship no types; these are the few functions used here.

declare module 'snarkjs' {
  export interface MemoryFile {
    type: 'mem'
    data?: Uint8Array
  }

  type Point = readonly [x: string, y: string, z: string]
  type Point2 = readonly [x: readonly [string, string], y: readonly [string, string], z: readonly [string, string]]

  export interface Groth16Proof {
    readonly pi_a: Point
    readonly pi_b: Point2
    readonly pi_c: Point
  }

  export interface VerifyingKey {
    readonly nPublic: number
    readonly vk_alpha_1: Point
    readonly vk_beta_2: Point2
    readonly vk_gamma_2: Point2
    readonly vk_delta_2: Point2
    readonly IC: readonly Point[]
  }

  export const groth16: {
    prove(
      key: Uint8Array,
      witness: MemoryFile,
      logger: undefined,
      options: { readonly singleThread: boolean },
    ): Promise<{ readonly proof: Groth16Proof; readonly publicSignals: readonly string[] }>
  }

  export const wtns: {
    calculate(signals: object, witnessGenerator: Uint8Array, witness: MemoryFile): Promise<void>
  }

  export const zKey: {
    exportVerificationKey(key: Uint8Array): Promise<VerifyingKey>
  }
}

declare module 'ffjavascript' {
  export interface Curve {
    terminate(): Promise<void>
  }

  export function buildBn128(singleThread: boolean): Promise<Curve>
}

declare var curve_bn128: import('ffjavascript').Curve | undefined
