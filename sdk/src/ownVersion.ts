import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** What the SDK's `package.json` says. */
export interface OwnManifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** The SDK's own manifest. By its name: the place of this module is another one in the bundle. */
export async function ownManifest(): Promise<OwnManifest> {
  const path = createRequire(import.meta.url).resolve('@gevulot/sdk/package.json')
  return JSON.parse(await readFile(path, 'utf8')) as OwnManifest
}

/** The SDK's version. */
export async function ownVersion(): Promise<string> {
  return (await ownManifest()).version
}
