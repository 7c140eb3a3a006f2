import { readFile } from 'node:fs/promises'
import { parseJson, readChoice, readObject, readRecord, readText, ShapeError } from '../../content/shape.js'
import { lintError } from '../../errors/codes/lint.js'
import { rules } from './rules/index.js'

/** Why a warning of a rule is accepted, by the rule's name. */
export type Acknowledgements = Readonly<Record<string, string>>

const MAX_REASON_BYTES = 4096

/**
 * Reads a program's `lint.json`. It stands beside the program and not in a package's manifest: a better reason must not give another digest.
 * @throws GevulotError LINT_ACKNOWLEDGEMENTS_INVALID
 */
export async function readAcknowledgements(path: string): Promise<Acknowledgements> {
  const invalid = (why: string, cause: unknown): Error =>
    lintError('LINT_ACKNOWLEDGEMENTS_INVALID', `${path}: ${why}`, { cause })
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw invalid('it cannot be read', cause)
  })
  try {
    const members = readObject(parseJson(bytes), 'the file', ['schema', 'acknowledged'])
    readChoice(members['schema'], 'schema', ['gevulot/lint@1'])
    const names = rules.map(({ name }) => name)
    return Object.fromEntries(
      Object.entries(readRecord(members['acknowledged'], 'acknowledged')).map(([rule, reason]) => [
        readChoice(rule, 'a name in acknowledged', names),
        readText(reason, `acknowledged.${rule}`, MAX_REASON_BYTES, /\S/),
      ]),
    )
  } catch (error) {
    throw error instanceof ShapeError ? invalid(error.message, error) : error
  }
}
