import type { Argument, FlagOption, Parse, ValueOption } from './Command.js'

const DECIMALS = 18
const GWEI_DECIMALS = 9

/** 32 bytes as `0x` and hexadecimal digits. */
export const bytes32: Parse<`0x${string}`> = (text) => {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new Error('must be 0x and 64 hexadecimal digits')
  return text.toLowerCase() as `0x${string}`
}

/** A sha-256 as hexadecimal digits, with or without `0x`. */
export const sha256: Parse<string> = (text) => {
  const [, digits] = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text) ?? []
  if (digits === undefined) throw new Error('must be 64 hexadecimal digits')
  return digits.toLowerCase()
}

/** 20 bytes as `0x` and hexadecimal digits. */
export const address: Parse<`0x${string}`> = (text) => {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new Error('must be 0x and 40 hexadecimal digits')
  return text as `0x${string}`
}

/** An amount of tokens as people write it; the result is in token units. */
export const tokens: Parse<bigint> = (text) => {
  const [, whole, fraction = ''] = /^(\d{1,40})(?:\.(\d{1,18}))?$/.exec(text) ?? []
  if (whole === undefined) throw new Error('must be an amount of tokens with at most 18 decimals, for example 12.5')
  return BigInt(whole + fraction.padEnd(DECIMALS, '0'))
}

/** A price of gas as people write it; the result is in wei. */
export const gwei: Parse<bigint> = (text) => {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) throw new Error('must be an amount of gwei with at most 9 decimals, for example 30 or 0.05')
  return BigInt(whole + fraction.padEnd(GWEI_DECIMALS, '0'))
}

/** A whole number within bounds. */
export function integer(least: number, most: number): Parse<number> {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= least && number <= most)) throw new Error(`must be a whole number from ${least} to ${most}`)
    return number
  }
}

/** Whole numbers separated by commas. */
export function integers(least: number, most: number): Parse<readonly number[]> {
  const one = integer(least, most)
  return (text) => [...new Set(text.split(',').map((word) => one(word.trim())))]
}

/** One of some words. */
export function choice<const T extends string>(...words: readonly T[]): Parse<T> {
  const parse = (text: string): T => {
    const word = words.find((candidate) => candidate === text)
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`)
    return word
  }
  return Object.assign(parse, { words })
}

/** Any text that is not empty. */
export const text: Parse<string> = (value) => {
  if (value.trim() === '') throw new Error('must not be empty')
  return value
}

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** Address of a server that a secret is sent to: sealed on its way, or not leaving the machine. */
export const httpUrl: Parse<string> = (value) => {
  const url = URL.parse(value)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname))) return value
  throw new Error('must be an https URL, or one of this machine: a key goes with every request')
}

/** `name=path`: an input file under the name the program sees. */
export const namedPath: Parse<readonly [name: string, path: string]> = (value) => {
  const at = value.indexOf('=')
  if (at < 1 || at === value.length - 1) throw new Error('must be <name>=<path>')
  return [value.slice(0, at), value.slice(at + 1)]
}

/** An argument. */
export function argument<T>(parse: Parse<T>, summary: string): Argument<T> {
  return { parse, summary }
}

/** An argument that may be left out. */
export function optionalArgument<T>(parse: Parse<T>, summary: string): Argument<T> & { readonly optional: true } {
  return { parse, summary, optional: true }
}

/** An option with a value that may be left out. */
export function option<T>(value: string, parse: Parse<T>, summary: string): ValueOption<T> {
  return { kind: 'value', value, parse, summary }
}

/** An option with a value and a default. */
export function optionWithDefault<T>(
  value: string,
  parse: Parse<T>,
  fallback: T,
  summary: string,
): ValueOption<T> & { readonly fallback: T } {
  return { kind: 'value', value, parse, fallback, summary }
}

/** An option that must be given. */
export function requiredOption<T>(
  value: string,
  parse: Parse<T>,
  summary: string,
): ValueOption<T> & { readonly required: true } {
  return { kind: 'value', value, parse, summary, required: true }
}

/** An option that may be given many times. */
export function manyOption<T>(
  value: string,
  parse: Parse<T>,
  summary: string,
): ValueOption<T> & { readonly many: true } {
  return { kind: 'value', value, parse, summary, many: true }
}

/** An option that is there or not. */
export function flag(summary: string): FlagOption {
  return { kind: 'flag', summary }
}
