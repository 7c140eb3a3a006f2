import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of `gevulot program lint` beside its findings. */
export const LINT_ERRORS = {
  LINT_ACKNOWLEDGEMENTS_INVALID: {
    hint: 'The file is { "schema": "gevulot/lint@1", "acknowledged": { "<rule>": "<why it is so>" } }; docs/program-author.md names the rules.',
    retryable: false,
  },
  LINT_BUILD_FAILED: {
    hint: 'The command of --build must build both packages, print their digests, and end with 0.',
    retryable: false,
  },
  LINT_PACKAGE_WRONG: {
    hint: 'The argument is the digest of a package to prove, --verifier that of one to verify.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link LINT_ERRORS}. */
export const lintError = errorFactory(LINT_ERRORS)
