import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { root } from '../lib/artifacts.js'
import { read, sourceFiles } from '../lib/files.js'
import { anchorsIn, linksIn } from '../lib/markdown.js'

/** A page that code names, from the root of the repository. */
const NAMED = /(?<![\w/.-])docs\/[\w/.-]+\.md(?:#[\w-]+)?/g
const FIRST = 'README.md'

function targetOf(page: string, link: string): readonly [path: string, anchor: string | undefined] {
  const [path = '', anchor] = decodeURI(link).split('#', 2)
  return [path === '' ? page : path.startsWith('/') ? path.slice(1) : join(dirname(page), path), anchor]
}

function problemOf([target, anchor]: ReturnType<typeof targetOf>): string | undefined {
  if (!existsSync(join(root, target))) return `leads nowhere`
  if (anchor === undefined || !target.endsWith('.md') || isDirectory(target)) return undefined
  return anchorsIn(read(target)).has(anchor) ? undefined : `names a heading that ${target} does not have`
}

function isDirectory(path: string): boolean {
  return existsSync(join(root, path)) && statSync(join(root, path)).isDirectory()
}

const linksOf = (page: string): string[] => linksIn(read(page))

/** Pages that no chain of links from the first one leads to. A link to a folder leads to its README, or to all that is in it. */
function unreached(pages: readonly string[]): string[] {
  const reached = new Set([FIRST])
  for (const page of reached) {
    for (const link of linksOf(page)) {
      const [target] = targetOf(page, link)
      const readme = join(target, 'README.md')
      const isOpen = isDirectory(target) && !pages.includes(readme)
      const folder = `${target.replace(/\/$/, '')}/`
      for (const found of pages) {
        if (found === target || found === readme || (isOpen && found.startsWith(folder))) reached.add(found)
      }
    }
  }
  return pages.filter((page) => !reached.has(page))
}

/**
 * Every relative link of every Markdown page leads to a file, and to a heading if it names one; so does every page of `docs/` that code names, in a hint
 * say. Every page of `docs/` is reached from the README.
 */
export function links(): string[] {
  const pages = sourceFiles('**/*.md')
  const linked = pages.flatMap((page) =>
    linksOf(page).flatMap((link) => {
      const problem = problemOf(targetOf(page, link))
      return problem === undefined ? [] : [`${page}: the link ${link} ${problem}`]
    }),
  )
  const named = sourceFiles('**/*.{ts,tsx,mjs,sol}').flatMap((path) =>
    [...read(path).matchAll(NAMED)].flatMap(([link]) => {
      const problem = problemOf(targetOf('README.md', link))
      return problem === undefined ? [] : [`${path}: ${link} ${problem}`]
    }),
  )
  const lost = unreached(pages).filter((page) => page.startsWith('docs/'))
  return [...linked, ...named, ...lost.map((page) => `${page}: no link leads here from ${FIRST}`)]
}
