import { isError, type ErrorDescription } from 'ethers'
import { asChainError } from '../../chain/asChainError.js'
import { EpochBonds__factory } from '../../chain/generated/factories/EpochBonds__factory.js'
import { EpochRelay__factory } from '../../chain/generated/factories/EpochRelay__factory.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { rollupRefusal } from '../posting/rollupRefusal.js'

/** What passes by itself. */
const EARLY = ['TooEarly', 'NotReady', 'Unreadable']

/**
 * Turns what the bonds contracts threw into an error with a stable code.
 * @param doing What was being done, for the message.
 */
export function bondRefusal(error: unknown, doing: string): Error {
  const data = isError(error, 'CALL_EXCEPTION') ? error.data : null
  const parsed = data ? parse(data) : undefined
  if (parsed === undefined) return asChainError(error, doing)
  if (parsed.name === 'NothingDone') {
    const [data] = parsed.args as unknown as [string]
    const has = aztecError(
      'AZTEC_BOND_REFUSED',
      `${doing}: the rollup has this proof already, and no bond can be settled now`,
    )
    return rollupRefusal(Object.assign(new Error('the rollup refused'), { code: 'CALL_EXCEPTION', data })) ?? has
  }
  const details = Object.fromEntries(
    parsed.fragment.inputs.map(({ name }, index) => [name, parsed.args[index] as unknown]),
  )
  const words = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`)
  const message = `${doing}: ${parsed.name}${words.length === 0 ? '' : ` (${words.join(', ')})`}`
  const code = EARLY.includes(parsed.name) ? 'AZTEC_BOND_EARLY' : 'AZTEC_BOND_REFUSED'
  return aztecError(code, message, { cause: error, details: { error: parsed.name, ...details } })
}

function parse(data: string): ErrorDescription | undefined {
  for (const factory of [EpochBonds__factory, EpochRelay__factory]) {
    const parsed = factory.createInterface().parseError(data)
    if (parsed !== null) return parsed
  }
  return undefined
}
