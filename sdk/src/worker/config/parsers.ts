import { resolve } from 'node:path'
import { getAddress, isAddress } from 'ethers'
import { PCI_ADDRESS } from '../../runtime/gpu/findGpus.js'
import { Secret } from './Secret.js'

/** Reads a configuration value; throws a plain Error that says what is wanted. A relative path starts at `base`, by default the working directory. */
export type Parser<T> = (value: unknown, base?: string) => T

function textOr(value: unknown, wish: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new Error(wish)
  return value.trim()
}

/** Text that is not empty. */
export const text: Parser<string> = (value) => textOr(value, 'must be a text that is not empty, like prover-1')

/** A path, made absolute: a program in a sandbox starts elsewhere. */
export const path: Parser<string> = (value, base = '.') => {
  return resolve(base, textOr(value, 'must be a path like /var/lib/gevulot'))
}

/** One of some words. */
export const choice =
  <const T extends string>(...words: readonly T[]): Parser<T> =>
  (value) => {
    const found = words.find((word) => word === value)
    if (found === undefined) throw new Error(`must be one of ${words.join(', ')}`)
    return found
  }

/** A whole number within bounds. */
export const integer =
  (least: number, most: number): Parser<number> =>
  (value) => {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`)
    }
    return number
  }

/** Yes or no. */
export const flag: Parser<boolean> = (value) => {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new Error('must be true or false')
}

/** An HTTP(S) URL. */
export const url: Parser<string> = (value) => {
  const wish = 'must be an http or https URL like https://rpc.example.org/'
  const address = textOr(value, wish)
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) throw new Error(wish)
  return address
}

/** A content store that is not a directory. */
export const contentPlace: Parser<string> = (value) => {
  const wish = 'must be like https://host/, s3://bucket/path, kubo+http://host:5001/ or ipfs://<CID>'
  const place = textOr(value, wish)
  const isKnown = /^(https?|kubo\+https?):\/\/[^/]|^s3:\/\/[a-z0-9]|^ipfs:\/\/[A-Za-z0-9]/.test(place)
  if (!isKnown || !URL.canParse(place)) throw new Error(wish)
  return place
}

/** A content store that can be written and is not a directory. */
export const writablePlace: Parser<string> = (value) => {
  const place = contentPlace(value)
  if (!/^(s3|kubo)/.test(place)) throw new Error('must be like s3://bucket/path or kubo+http://host:5001/')
  return place
}

// What the market takes: MAX_URI of its contract.
const LONGEST_URI = 256

/** A URI that goes on the chain for strangers to read: they have no password, and it is public for ever. */
export const publicUri: Parser<string> = (value) => {
  const wish = `must be a URI without a password that others can read, like https://proofs.example.org/, of at most ${LONGEST_URI} characters`
  const uri = textOr(value, wish)
  const parsed = URL.canParse(uri) && /^(https?|s3|ipfs):\/\/[^/]/.test(uri) ? new URL(uri) : undefined
  if (parsed === undefined || parsed.username + parsed.password !== '' || uri.length > LONGEST_URI)
    throw new Error(wish)
  return uri
}

/** A connection string of a Postgres server, with a database. */
export const postgresUrl: Parser<string> = (value) => {
  const wish = 'must be like postgres://user:password@host:5432/database'
  const address = textOr(value, wish)
  const parsed = URL.canParse(address) ? new URL(address) : undefined
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2) throw new Error(wish)
  return address
}

/** Name of a fleet, which is that of a Postgres schema. */
export const fleetName: Parser<string> = (value) => {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9_]{0,40}$/.test(value) || value.startsWith('pg_'))
    throw new Error('must be like fleet or fleet_2: small letters, digits and _, at most 41')
  return value
}

/** Anything that may hold a password or an API key. */
export const secret =
  (inner: Parser<string>): Parser<Secret> =>
  (value, base) =>
    new Secret(inner(value, base))

/** A JSON list, or words separated by commas. */
export const list =
  <T>(item: Parser<T>): Parser<readonly T[]> =>
  (value, base) => {
    const items: unknown = typeof value === 'string' ? value.split(',').filter((word) => word.trim() !== '') : value
    if (!Array.isArray(items)) throw new Error('must be a list like ["one", "another"]')
    return items.map((entry: unknown, index) => {
      try {
        return item(typeof entry === 'string' ? entry.trim() : entry, base)
      } catch (error) {
        throw new Error(`item ${index + 1} ${error instanceof Error ? error.message : String(error)}`)
      }
    })
  }

const MOST_FALLBACKS = 7

/** Some endpoints, each of which may hold an API key. */
export const endpoints: Parser<readonly Secret[]> = (value, base) => {
  const all = list(secret(url))(value, base)
  if (all.length > MOST_FALLBACKS) throw new Error(`must be at most ${MOST_FALLBACKS} URLs`)
  return all
}

/** A 32-byte id. */
export const bytes32: Parser<string> = (value) => {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(value))
    throw new Error(`must be 0x and 64 hexadecimal digits, like 0x${'5e'.repeat(32)}`)
  return value.toLowerCase()
}

/** An account or contract; in mixed case its checksum must be right. */
export const address: Parser<string> = (value) => {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(value) || !isAddress(value))
    throw new Error(
      'must be 0x and 40 hexadecimal digits, in mixed case with the right checksum, like 0x52908400098527886E0F7030069857D2E4169EE7',
    )
  return getAddress(value)
}

/** A sha-256 in hexadecimal digits. */
export const sha256: Parser<string> = (value) => {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{64}$/.test(value))
    throw new Error(`must be 64 hexadecimal digits, like ${'5e'.repeat(32)}`)
  return value.toLowerCase()
}

/** PCI's name of a device. */
export const pciAddress: Parser<string> = (value) => {
  const address = typeof value === 'string' ? value.toLowerCase() : ''
  if (!PCI_ADDRESS.test(address)) throw new Error('must be a place on the bus like 0000:01:00.0')
  return address
}

/** A path, or `-` for standard output. */
export const pathOrOutput: Parser<string> = (value, base) => (value === '-' ? value : path(value, base))

/** Empty, or what `inner` takes. */
export const optional =
  (inner: Parser<string>): Parser<string> =>
  (value, base) =>
    value === '' ? '' : inner(value, base)
