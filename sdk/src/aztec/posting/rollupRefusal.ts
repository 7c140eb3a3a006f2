import { isError, type ErrorDescription } from 'ethers'
import { asChainError } from '../../chain/asChainError.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { REFUSALS, ROLLUP } from './rollupInterface.js'

const DOING = "posting an epoch's proof"

/**
 * What the rollup's answer means for whoever posts.
 * @returns The error to throw; undefined: the rollup has this prover's proof already, so there is nothing left to do.
 */
export function rollupRefusal(error: unknown): Error | undefined {
  const parsed = revertOf(error)
  if (parsed === undefined) return asChainError(error, DOING)
  const code = REFUSALS[parsed.name]
  if (code === undefined) return undefined
  const details = Object.fromEntries(
    parsed.fragment.inputs.map(({ name }, index) => [name, parsed.args[index] as unknown]),
  )
  const said = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`)
  const message = `${DOING}: the rollup says ${[parsed.name, ...said].join(', ')}`
  return aztecError(code, message, { cause: error, details: { error: parsed.name, ...details } })
}

function revertOf(error: unknown): ErrorDescription | undefined {
  if (!isError(error, 'CALL_EXCEPTION') || !error.data) return undefined
  try {
    return ROLLUP.parseError(error.data) ?? undefined
  } catch {
    return undefined
  }
}
