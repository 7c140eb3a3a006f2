import { expect } from 'chai'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'

/** Awaits a rejection with a {@link GevulotError} of one of `codes`, and returns it. */
export async function rejected(promise: Promise<unknown>, ...codes: string[]): Promise<GevulotError> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof GevulotError)) throw error
    expect(error.code, error.message).to.be.oneOf(codes)
    expect(error.hint).to.have.length.greaterThan(10)
    return error
  }
  throw new Error(`expected ${codes.join(' or ')}, but nothing failed`)
}
