/** Everything that the demonstration with Aztec's own software takes from elsewhere, by exact version. */

/** The release of which npm has every package, and no later one. */
export const AZTEC_RELEASE = '4.1.2'

/** Aztec's packages, by name: they pin each other exactly. */
export const AZTEC_PACKAGES = [
  '@aztec/aztec',
  '@aztec/aztec-node',
  '@aztec/prover-client',
  '@aztec/prover-node',
  '@aztec/bb-prover',
  '@aztec/noir-protocol-circuits-types',
].map((name) => `${name}@${AZTEC_RELEASE}`)

/** Runs the deployment script of Aztec's contracts; later versions want other options than the script is called with. */
export const FORGE_VERSION = '1.5.1'

/** The compiler whose output the package of Aztec's contracts holds. Nothing is compiled: only its version is asked for. */
export const SOLC_VERSION = '0.8.30'
export const SOLC_BUILD = '0.8.30+commit.73712a01'

/** Aztec's native modules are linked against this version of the C library. */
export const GLIBC_WANTED = [2, 39] as const

/** The Debian release that has it, and its packages. */
export const LIBRARY_SUITE = 'trixie'
export const LIBRARY_PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1', 'zlib1g']

/** The release whose patchelf is used: the next one's (0.18) breaks Node.js. */
export const PATCHELF_SUITE = 'bookworm'
