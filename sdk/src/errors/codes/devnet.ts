import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of local networks. */
export const DEVNET_ERRORS = {
  DEVNET_ANVIL_MISSING: {
    hint: 'Install the local chain in your project: npm install --save-dev @foundry-rs/anvil.',
    retryable: false,
  },
  DEVNET_CHAIN_FAILED: {
    hint: 'See whether `npx anvil` starts by itself; the message says what it complained about.',
    retryable: false,
  },
  DEVNET_PORT_TAKEN: {
    hint: 'End what listens there, or choose another port; 0 takes any free one.',
    retryable: true,
  },
  DEVNET_DIRECTORY_REFUSED: {
    hint: 'A local network needs a directory of its own: an empty one, a new one, or that of an earlier one that has ended.',
    retryable: false,
  },
  DEVNET_NOT_LOCAL: {
    hint: 'Only a local network (gevulot devnet) gives its money away; elsewhere ask whoever runs the network.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link DEVNET_ERRORS}. */
export const devnetError = errorFactory(DEVNET_ERRORS)
