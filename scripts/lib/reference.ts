import { join } from 'node:path'

import { Application } from 'typedoc'

import { root } from './artifacts.js'
import { libraries } from './sdkEntries.js'

/**
 * Writes the SDK's reference: a page for every name that an entry point exports, made of its comment and its types.
 * @param out Folder; what is in it goes.
 * @throws Error when a comment links to nothing that the reader could find
 */
export async function writeReference(out: string): Promise<void> {
  const sdk = join(root, 'sdk')
  const app = await Application.bootstrapWithPlugins({
    name: '@gevulot/sdk',
    entryPoints: libraries().map(({ source }) => join(sdk, source)),
    tsconfig: join(sdk, 'tsconfig.json'),
    out,
    readme: 'none',
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    hideGenerator: true,
    // Names of modules are those that are imported.
    basePath: join(sdk, 'src'),
    // The compiler has its own turn.
    skipErrorChecking: true,
    // Types that a name needs are shown where they are used; not all of them are exported.
    validation: { invalidLink: true, notExported: false, notDocumented: false },
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('the reference could not be made')
  app.validate(project)
  if (app.logger.hasWarnings()) throw new Error('a comment of the SDK links to what its readers cannot find: see above')
  await app.generateDocs(project, out)
}
