import { developmentG2, IGNITION_G2, type SrsVariant } from './srs.js'

const NAMES: Readonly<Record<SrsVariant, string>> = { ignition: 'HonkIgnition', development: 'HonkDevelopment' }

/**
 * bb's Solidity verifier of a program, in the form of this repository: an exact compiler version, a name of its own, and for the development SRS its
 * own [tau]G2. The verification itself is left as bb wrote it, also in its style, so that a `diff` shows these edits alone.
 */
export function honkContract(
  solidity: string,
  program: string,
  variant: SrsVariant,
): { name: string; path: string; source: string } {
  const name = NAMES[variant]
  const path = `contracts/verifiers/${program}/${name}.sol`
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
      `/// @title UltraHonk verifier of the program ${program}, ${variant} parameters\n` +
        `/// @dev Written by Aztec's bb 5.0.0 from programs/${program}/keys/${variant}.vk; see programs/${program}/keys.ts.\n${note}` +
        `// prettier-ignore\nabstract contract ${name} is IHonkVerifier {`,
    ],
  ]
  if (variant === 'development')
    developmentG2().forEach((word, index) => edits.push([hex(IGNITION_G2[index as 0 | 1 | 2 | 3]), hex(word)]))
  let source = solidity
  for (const [from, to] of edits) {
    const parts = source.split(from)
    if (parts.length !== 2) throw new Error(`bb's verifier has changed: expected one ${String(from)}`)
    source = parts.join(to)
  }
  return { name, path, source }
}

function hex(word: bigint): string {
  return `0x${word.toString(16).padStart(64, '0')}`
}
