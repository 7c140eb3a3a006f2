import { lines, sourceFiles } from '../lib/files.js'

/** Where packages come from is the installer's business: the tree names no registry and no download address. */
const REGISTRY = /registry\.npmjs\.org|registry\.yarnpkg\.com|npm\.pkg\.github\.com|^\s*(@[\w-]+:)?registry\s*=/
const DOWNLOAD = /"resolved":\s*"https?:/

export function registries(): string[] {
  const files = sourceFiles('**/*', '**/.npmrc', '.ci/*').filter(
    (path) =>
      path !== 'scripts/check/registries.ts' && /\.(json|mjs|js|ts|md|ya?ml|sh|toml)$|npmrc$|^\.ci\//.test(path),
  )
  return files.flatMap((path) =>
    lines(path).flatMap((line, index) => {
      if (DOWNLOAD.test(line)) return [`${path}:${index + 1} holds a download address`]
      if (REGISTRY.test(line)) return [`${path}:${index + 1} names a package registry`]
      return []
    }),
  )
}
