import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { root } from '../lib/artifacts.js'
import { read, sourceFiles } from '../lib/files.js'

const LINK = /\[[^\]]*\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g
const EXTERNAL = /^[a-z][a-z+.-]*:/i

function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
}

/** The anchors that a Markdown page offers, as GitHub derives them from its headings. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>()
  const markdown = read(path).replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
  for (const [, heading = ''] of markdown.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let unique = slug
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  for (const [, id = ''] of markdown.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

function problemOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = decodeURI(link).split('#', 2)
  const target = path === '' ? page : path.startsWith('/') ? path.slice(1) : join(dirname(page), path)
  if (!existsSync(join(root, target))) return `leads nowhere`
  if (anchor === undefined || !target.endsWith('.md') || statSync(join(root, target)).isDirectory()) return undefined
  return anchorsOf(target).has(anchor) ? undefined : `names a heading that ${target} does not have`
}

/** Every relative link of every Markdown page leads to a file, and to a heading if it names one. */
export function links(): string[] {
  return sourceFiles('**/*.md').flatMap((page) =>
    [...withoutCode(read(page)).matchAll(LINK)].flatMap(([, link = '']) => {
      if (EXTERNAL.test(link)) return []
      const problem = problemOf(page, link)
      return problem === undefined ? [] : [`${page}: the link ${link} ${problem}`]
    }),
  )
}
