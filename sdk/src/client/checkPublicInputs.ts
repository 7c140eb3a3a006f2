import { MOST_SHOWN_BYTES } from '../chain/transactionLimits.js'
import type { InputsSpec } from '../content/buildInputs.js'
import { PUBLIC_INPUTS } from '../content/InputsManifest.js'
import { sizeOf } from '../content/sizeOf.js'
import { clientError } from '../errors/codes/client.js'
import type { PinnedProgram } from './getProgram.js'

/**
 * Refuses public inputs that no transaction can take to the verifier contract: every worker would decline them. A committee reads files. What has no known
 * size passes: a stream, and inputs that were published elsewhere.
 * @throws GevulotError CLIENT_PUBLIC_INPUTS_TOO_LARGE
 */
export async function checkPublicInputs(
  { judged }: Pick<PinnedProgram, 'judged'>,
  inputs: InputsSpec | { readonly publicInputsBytes?: number | undefined },
): Promise<void> {
  if (judged) return
  const content = 'files' in inputs ? inputs.files[PUBLIC_INPUTS] : undefined
  const bytes = 'files' in inputs ? content && (await sizeOf(content)) : inputs.publicInputsBytes
  if (bytes === undefined || bytes <= MOST_SHOWN_BYTES) return
  throw clientError(
    'CLIENT_PUBLIC_INPUTS_TOO_LARGE',
    `the public inputs have ${bytes} bytes, more than the ${MOST_SHOWN_BYTES} that one transaction takes to the verifier contract, with the proof`,
    { details: { bytes, most: MOST_SHOWN_BYTES } },
  )
}
