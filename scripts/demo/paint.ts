/** Colours for people: none when NO_COLOR is set or the output is not a terminal (https://no-color.org). */
const ENABLED = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''

const code =
  (open: number, close: number) =>
  (text: string): string =>
    ENABLED ? `\u001b[${open}m${text}\u001b[${close}m` : text

/** Colours and weights by meaning. */
export const paint = {
  strong: code(1, 22),
  faint: code(2, 22),
  good: code(32, 39),
  bad: code(31, 39),
  warn: code(33, 39),
  accent: code(36, 39),
} as const

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

/** Width of a text on the screen: colours take no place. */
export function widthOf(text: string): number {
  return [...text.replace(ESCAPES, '')].length
}

/** The text filled up with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** The text filled up on the left. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

/** The text cut to `width` columns, with an ellipsis when something is missing. Colours survive. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let shown = 0
  let result = ''
  for (const part of text.split(new RegExp(`(${ESCAPES.source})`))) {
    if (part.startsWith(String.fromCharCode(27))) {
      result += part
      continue
    }
    const room = Math.max(0, width - 1 - shown)
    result += [...part].slice(0, room).join('')
    shown += [...part].length
  }
  return `${result}…`
}
