import { formatEther } from 'ethers'

import { paint } from '../../demo/paint.js'

const started = Date.now()

/** A part of the story. */
export function heading(text: string): void {
  console.log(`\n${paint.strong(text)}`)
}

/** Something that is so. */
export function note(text: string): void {
  console.log(`  ${text}`)
}

/** Something that happened, with the seconds since the start. */
export function tell(text: string): void {
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`${paint.faint(`${seconds.padStart(7)}s`)}  ${text}`)
}

/** Marks what proves nothing. */
export const SIMULATED = paint.warn('SIMULATED')

/** Marks proofs that anyone can forge. */
export const DEVELOPMENT = paint.warn('DEVELOPMENT PARAMETERS')

/** Units of a token as tokens. */
export function amount(units: bigint): string {
  return Number(formatEther(units)).toLocaleString('en', { maximumFractionDigits: 4 })
}
