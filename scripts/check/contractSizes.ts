import { deployable } from '../lib/artifacts.js'

/** EIP-170 and EIP-3860. */
const CODE_LIMIT = 24_576
const CREATION_LIMIT = 49_152

const number = new Intl.NumberFormat('en')

function problem(what: string, bytecode: string, limit: number): string[] {
  const size = (bytecode.length - 2) / 2
  return size > limit ? [`${what} has ${number.format(size)} bytes, at most ${number.format(limit)} are allowed`] : []
}

export function contractSizes(): string[] {
  return deployable().flatMap(({ contractName, bytecode, deployedBytecode }) => [
    ...problem(contractName, deployedBytecode, CODE_LIMIT),
    ...problem(`The creation code of ${contractName}`, bytecode, CREATION_LIMIT),
  ])
}
