import type { PackageSpec, ProgramResources } from '../../sdk/src/content/index.js'

/** How a program in one language becomes a package. */
export interface Language {
  readonly name: string
  /** Programs of the toolchain, by name on the PATH or by path. */
  readonly tools: readonly string[]
  /** The Debian packages that bring them. */
  readonly debian: string
  readonly resources: ProgramResources
  /**
   * Compiles the example of the language and lists what its package holds.
   * @param directory An empty one to compile in; its files must last until they are packed.
   */
  build(directory: string): Promise<Pick<PackageSpec, 'argv' | 'env' | 'files'>>
}
