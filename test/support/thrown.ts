import { GevulotError } from '../../sdk/src/errors/GevulotError.js'

/** Runs a function that must throw a {@link GevulotError}, and returns it. */
export function thrown(run: () => unknown): GevulotError {
  try {
    run()
  } catch (error) {
    if (error instanceof GevulotError) return error
    throw error
  }
  throw new Error('expected an error, but nothing failed')
}
