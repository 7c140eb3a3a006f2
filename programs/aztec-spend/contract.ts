import { developmentG2, type SrsVariant } from './srs.js'

const NAMES: Readonly<Record<SrsVariant, string>> = { ignition: 'HonkIgnition', development: 'HonkDevelopment' }

/** [tau]G2 of the ceremony, which bb writes into every verifier whatever SRS it proved with. */
const IGNITION_G2 = [
  0x260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1n,
  0x0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0n,
  0x04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4n,
  0x22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55n,
]

/**
 * bb's Solidity verifier, made part of this repository: an exact compiler version, a name of its own, and for the development SRS its
 * own [tau]G2. The verification itself is left as bb wrote it, also in its style, so that a `diff` shows these edits alone.
 */
export function honkContract(solidity: string, variant: SrsVariant): { path: string; source: string } {
  const name = NAMES[variant]
  const path = `contracts/verifiers/aztec-spend/${name}.sol`
  const note =
    variant === 'ignition'
      ? ''
      : '/// The secret of its SRS is public ([tau]G2 is replaced accordingly): anyone can forge a proof. For development networks only.\n'
  const edits: Array<[from: string | RegExp, to: string]> = [
    [/^\s*\/\/ SPDX/, '// SPDX'],
    [
      /pragma solidity [^;]+;\s*interface IVerifier \{[^}]*\}\s*/,
      `pragma solidity 0.8.37;\n\n/* solhint-disable */\n\nimport {IHonkVerifier} from "../IHonkVerifier.sol";\n\n`,
    ],
    [
      'contract HonkVerifier is IVerifier {',
      `/// @title UltraHonk verifier of the program aztec-spend, ${variant} parameters\n` +
        `/// @dev Written by Aztec's bb 5.0.0 from programs/aztec-spend/keys/${variant}.vk; see programs/aztec-spend/keys.ts.\n${note}` +
        `// prettier-ignore\nabstract contract ${name} is IHonkVerifier {`,
    ],
  ]
  if (variant === 'development')
    developmentG2().forEach((word, index) => edits.push([hex(IGNITION_G2[index] ?? 0n), hex(word)]))
  let source = solidity
  for (const [from, to] of edits) {
    const parts = source.split(from)
    if (parts.length !== 2) throw new Error(`bb's verifier has changed: expected one ${String(from)}`)
    source = parts.join(to)
  }
  return { path, source }
}

function hex(word: bigint): string {
  return `0x${word.toString(16).padStart(64, '0')}`
}
