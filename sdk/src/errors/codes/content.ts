import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of content stores and manifests (design section 7). */
export const CONTENT_ERRORS = {
  CONTENT_DIGEST_INVALID: {
    hint: 'A digest is 0x and 64 hexadecimal digits, or a CIDv1 (raw, sha-256, base32).',
    retryable: false,
  },
  CONTENT_DIGEST_MISMATCH: {
    hint: 'The copy is damaged or forged; fetch it from another store.',
    retryable: false,
  },
  CONTENT_NOT_FOUND: {
    hint: 'Add a store that holds the content, or wait until its owner has uploaded it.',
    retryable: true,
  },
  CONTENT_TOO_LARGE: {
    hint: 'Raise the size limit if you trust the source; otherwise treat the content as missing.',
    retryable: false,
  },
  CONTENT_DISK_FULL: {
    hint: 'Free disk space, or move the content directory to a larger disk; of a data directory cache/ and bundles/ may go while its daemon is stopped, and cacheMiB bounds the first.',
    retryable: true,
  },
  CONTENT_UNAVAILABLE: {
    hint: 'The store did not answer properly; check its address and try again.',
    retryable: true,
  },
  CONTENT_TIMEOUT: {
    hint: 'The store was too slow; try again, or use another store.',
    retryable: true,
  },
  CONTENT_ADDRESS_REFUSED: {
    hint: "The URL is not a public HTTP(S) address; a store of your own network needs `addresses: 'any'`.",
    retryable: false,
  },
  CONTENT_GATEWAY_MISSING: {
    hint: 'Name a gateway that ipfs:// is read through: `ipfsGateways`, or GEVULOT_IPFS_GATEWAYS; see docs/content-stores.md.',
    retryable: false,
  },
  CONTENT_ACCESS_DENIED: {
    hint: 'Check the credentials of the store, and what they allow.',
    retryable: false,
  },
  CONTENT_PLACE_INVALID: {
    hint: 'A store is a directory, http(s)://…, s3://bucket/path, kubo+http(s)://host:5001/ or ipfs://<CID>; see docs/content-stores.md.',
    retryable: false,
  },
  CONTENT_READ_ONLY: {
    hint: 'Add a store that can be written, for example a directory.',
    retryable: false,
  },
  CONTENT_MANIFEST_INVALID: {
    hint: 'Compare the manifest with docs/program-contract.md; build it with buildPackage or buildInputs.',
    retryable: false,
  },
  CONTENT_FILE_INVALID: {
    hint: 'A package and its inputs hold regular files only; argv[0] must be an x86-64 ELF.',
    retryable: false,
  },
  CONTENT_ELF_INVALID: {
    hint: 'Build the program again: the file is cut off or its headers contradict each other.',
    retryable: false,
  },
  CONTENT_LIBRARY_MISSING: {
    hint: 'Install the library, link the program statically, or build on a machine that has it.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link CONTENT_ERRORS}. */
export const contentError = errorFactory(CONTENT_ERRORS)
