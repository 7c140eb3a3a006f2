// Aztec's packages are no dependency: they are there, in a folder of their own, when the program is built.

declare module '@aztec/noir-protocol-circuits-types/server' {
  export const SimulatedServerCircuitArtifacts: Readonly<Record<string, { readonly bytecode: string } | undefined>>
  export const foreignCallHandler: (name: string, args: readonly (readonly string[])[]) => Promise<readonly string[][]>
}
declare module '@aztec/noir-protocol-circuits-types/server/vks' {
  export const ServerCircuitVks: Readonly<Record<string, { toBuffer(): Buffer } | undefined>>
}
declare module '@aztec/noir-acvm_js' {
  type WitnessMap = ReadonlyMap<number, string>
  export function executeCircuit(bytecode: Uint8Array, witness: unknown, oracle: unknown): Promise<WitnessMap>
  export function compressWitness(witness: WitnessMap): Uint8Array
  export function getPublicWitness(bytecode: Uint8Array, witness: WitnessMap): WitnessMap
}
declare module '@aztec/stdlib/interfaces/server' {
  export function getProvingJobInputClassFor(type: number): { fromBuffer(bytes: Buffer): unknown }
}
