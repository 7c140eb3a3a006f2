import type { Secret } from '../config/Secret.js'

/**
 * Takes what must not be seen out of log lines. Errors of libraries quote what they were called with, so wrapping a
 * secret is not enough.
 * @param keys Replaced wherever they stand, with or without `0x`.
 * @param urls Of these only scheme and host stay, also when the rest is cut short.
 */
export function redactor(keys: readonly Secret[], urls: readonly Secret[]): (line: string) => string {
  const patterns = [
    ...keys.map((key) => ({ find: new RegExp(escaped(key.reveal().replace(/^0x/, '')), 'gi'), put: '***' })),
    ...urls
      .filter((url) => url.reveal() !== '')
      .map((url) => {
        const { host } = new URL(url.reveal())
        return { find: new RegExp(`//[^\\s"\\\\/@]*@?${escaped(host)}[^\\s"\\\\]*`, 'gi'), put: `//${host}/***` }
      }),
  ]
  return (line) => patterns.reduce((text, { find, put }) => text.replace(find, put), line)
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
