const UNIT = 10n ** 18n
const MOST_PLACES = 6

/** Token units in tokens, as exact as is of use: `1,204.5`. */
export function tokens(units: string | bigint, digits = 4): string {
  const value = BigInt(units)
  const sign = value < 0n ? '−' : ''
  const size = value < 0n ? -value : value
  const whole = (size / UNIT).toString().replace(/\B(?=(\d{3})+$)/g, ',')
  const all = (size % UNIT).toString().padStart(18, '0')
  // Of less than one token its first two figures say what a number of places would cut off.
  const places = size >= UNIT ? digits : Math.max(digits, Math.min(all.search(/[1-9]/) + 2, MOST_PLACES))
  const fraction = all.slice(0, places).replace(/0+$/, '')
  if (size > 0n && size < UNIT && fraction === '') return `${sign}<0.${'0'.repeat(places - 1)}1`
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Token units as a number, for charts. */
export function inTokens(units: string | bigint): number {
  return Number(BigInt(units) / 10n ** 12n) / 1e6
}

/** `12 s`, `4 min 10 s`, `3 h 5 min`, `2 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return joined(Math.floor(whole / 60), 'min', whole % 60, 's')
  if (whole < 86_400) return joined(Math.floor(whole / 3_600), 'h', Math.floor((whole % 3_600) / 60), 'min')
  return joined(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3_600), 'h')
}

function joined(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`
}

/** `3 min ago`. */
export function ago(time: number, now: number): string {
  const seconds = now - time
  if (seconds < 5) return 'just now'
  if (seconds < 3_600) return `${duration(seconds < 60 ? seconds : seconds - (seconds % 60))} ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** `2026-11-28 22:49:19 UTC`. */
export function utc(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `0x12ab…90ef`. */
export function short(id: string): string {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id
}

/** A whole number with separators. */
export function count(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `97 %`, `99.5 %`; `–` where there is nothing to divide by. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–'
  const value = (100 * part) / whole
  return `${value === 0 || value === 100 || value < 90 ? Math.round(value) : Math.min(99.9, Math.round(value * 10) / 10)} %`
}

/** `1 workload`, `2 workloads`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** `InputsUnavailable` as words: `inputs unavailable`. */
export function words(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
}

// Signs that turn or hide what stands around them, and that are no text at all.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\uffff]/gu

/** A text that somebody put on the chain, with nothing in it that does not show, and not for ever. */
export function fromChain(text: string, most = 160): string {
  const seen = text.replace(UNSEEN, '\u{fffd}')
  return seen.length > most ? `${seen.slice(0, most)}…` : seen
}
