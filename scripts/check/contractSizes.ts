import { deployable, type Artifact } from '../lib/artifacts.js'

/** EIP-170 and EIP-3860, bytes. */
const CODE_LIMIT = 24_576
const CREATION_LIMIT = 49_152
/**
 * Bytes that every contract must have left under each limit: room for the repair of a mistake, which must not have to wait until
 * something else was made smaller. `Market` has 300 left, all others 3,600 and more.
 */
const ROOM = 256

const number = new Intl.NumberFormat('en')

function problem(what: string, bytecode: string, limit: number): string[] {
  const size = (bytecode.length - 2) / 2
  const room = limit - size
  if (room >= ROOM) return []
  const sizes = `${what} has ${number.format(size)} bytes`
  if (room < 0) return [`${sizes}, at most ${number.format(limit)} are allowed`]
  return [
    `${sizes}, which leaves ${room} of the ${number.format(limit)} that are allowed: keep ${ROOM} for repairs ` +
      `(make it smaller, or move what is seldom called into another contract, as Market's cold path is in MarketExtension)`,
  ]
}

/** Contracts that are too large, or have too little room left. */
export function contractSizes(
  contracts: readonly Pick<Artifact, 'contractName' | 'bytecode' | 'deployedBytecode'>[] = deployable(),
): string[] {
  return contracts.flatMap(({ contractName, bytecode, deployedBytecode }) => [
    ...problem(contractName, deployedBytecode, CODE_LIMIT),
    ...problem(`The creation code of ${contractName}`, bytecode, CREATION_LIMIT),
  ])
}
