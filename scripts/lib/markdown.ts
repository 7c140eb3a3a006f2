/** What links of Markdown pages lead to. */

const LINK = /\[[^\]]*\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g
const EXTERNAL = /^[a-z][a-z+.-]*:/i

function withoutBlocks(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
}

/** The links of a page that lead to files, or to headings of its own. */
export function linksIn(markdown: string): string[] {
  const prose = withoutBlocks(markdown).replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(LINK)].map(([, link = '']) => link).filter((link) => !EXTERNAL.test(link))
}

/** The anchors that a page offers, as GitHub derives them from its headings. */
export function anchorsIn(page: string): Set<string> {
  const anchors = new Set<string>()
  const markdown = withoutBlocks(page)
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
