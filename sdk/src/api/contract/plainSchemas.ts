import { z } from 'zod'

/**
 * Keeps schemas from making code of text, which pages with a strict policy forbid. Call it before the module of the API's client is
 * evaluated: schemas decide when they are made.
 */
export function plainSchemas(): void {
  z.config({ jitless: true })
}
