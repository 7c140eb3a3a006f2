import { MESSAGES, type Batch } from './inputs.js'

/**
 * The batch of Aztec's own test of this circuit, and the two roots that it expects. Source: aztec-packages,
 * noir-protocol-circuits/crates/rollup-lib/src/parity/tests/parity_base_tests.nr (commit 704f775c).
 */
export const AZTEC_TEST: { readonly batch: Batch; readonly shaRoot: bigint; readonly convertedRoot: bigint } = {
  batch: { messages: Array.from({ length: MESSAGES }, (_, index) => BigInt(index)), vkTreeRoot: 42n, proverId: 7n },
  shaRoot: 0x279d4d4dd5bcb9b1a4e742640588b917102f9f8bc97a6c95706ca4e7a8a76bn,
  convertedRoot: 0x24425e91123ffa26018e970b92316101d503c5937f145d69569ac907d0bd36ecn,
}
