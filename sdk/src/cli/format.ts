import { stripVTControlCharacters } from 'node:util'

const DECIMALS = 18
const UNIT = 10n ** BigInt(DECIMALS)

/** An amount of token units as people write it: every digit that counts, thousands apart. */
export function formatTokens(units: bigint): string {
  const [whole = '', fraction] = plainTokens(units).split('.')
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${apart}${fraction === undefined ? '' : `.${fraction}`} GVLT`
}

/** An amount of token units in whole tokens, for programs: every digit that counts, and nothing else. */
export function plainTokens(units: bigint): string {
  const sign = units < 0n ? '-' : ''
  const size = units < 0n ? -units : units
  const fraction = (size % UNIT).toString().padStart(DECIMALS, '0').replace(/0+$/, '')
  return `${sign}${size / UNIT}${fraction === '' ? '' : `.${fraction}`}`
}

/** A Unix time as people and programs can read it. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** What is left until a Unix time, roughly: `in 3 min`, `2 h ago`. */
export function formatDistance(seconds: number, now: number): string {
  const distance = Math.abs(seconds - now)
  const [size, unit] =
    distance < 120
      ? [distance, 's']
      : distance < 7_200
        ? [Math.round(distance / 60), 'min']
        : distance < 172_800
          ? [Math.round(distance / 3_600), 'h']
          : [Math.round(distance / 86_400), 'd']
  return seconds >= now ? `in ${size} ${unit}` : `${size} ${unit} ago`
}

/** A size as people read it. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = bytes
  let unit = 0
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 2 : 1)} ${units[unit] ?? ''}`
}

/** How far something has come: `120 of 512 MiB`, in the unit of the whole; without a whole, what is there. */
export function formatProgress(bytes: number, total: number | undefined): string {
  if (total === undefined) return formatBytes(bytes)
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, total)) / 10))
  // Whole numbers where they tell enough; what is not all there never looks as if it were.
  const digits = unit === 0 || total / 1024 ** unit >= 10 ? 1 : 100
  const of = (size: number): number => Math.floor((size / 1024 ** unit) * digits) / digits
  return `${of(bytes)} of ${of(total)} ${units[unit] ?? ''}`
}

/** A duration as people read it. */
export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`
}

/** Columns of a terminal that a text takes, colours apart. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}
