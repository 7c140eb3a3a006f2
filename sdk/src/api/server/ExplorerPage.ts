import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page, with how it is served. */
export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The page runs its own files and speaks to this server; nothing else, whatever anybody wrote on the chain. */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"],
].join('; ')

const SECURITY = {
  'Content-Security-Policy': POLICY,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
}

/** Beside the bundle, as it is packed; or where the build of the source tree puts it. */
const PLACES = ['./explorer/', '../explorer/', '../../../dist/explorer/']

/** The files of the explorer, in memory: there are few, and no path of a request ever reaches the disk. */
export class ExplorerPage {
  readonly #files: ReadonlyMap<string, PageFile>

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files
  }

  /** Reads the page; undefined where it was not built. */
  static async load(): Promise<ExplorerPage | undefined> {
    for (const place of PLACES) {
      const directory = fileURLToPath(new URL(place, import.meta.url))
      const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
      const files = await Promise.all(
        paths.map(async (path) => {
          const name = `/${relative(directory, path).split(sep).join('/')}`
          return [name, fileOf(name, await readFile(path))] as const
        }),
      )
      const page = new ExplorerPage(new Map(files))
      if (page.#files.has(INDEX)) return page
    }
    return undefined
  }

  /**
   * What stands at a path: a file, or for a deep link the page itself, which looks at its address.
   * @returns undefined for a file that is not there.
   */
  at(path: string): PageFile | undefined {
    return this.#files.get(path) ?? (extname(path) === '' ? this.#files.get(INDEX) : undefined)
  }
}

const INDEX = '/index.html'

function fileOf(name: string, content: Uint8Array): PageFile {
  // The names of assets hold a hash of their content.
  const caching = name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
  const type = TYPES[extname(name)] ?? 'application/octet-stream'
  return {
    body: new Uint8Array(content),
    headers: { ...SECURITY, 'Content-Type': type, 'Cache-Control': caching },
  }
}
