const LABEL = '  Failed in '

/**
 * What {@link failedFiles} finds again.
 * @param {string} file Path from the root of the tree.
 */
export const tellFailed = (file) => `${LABEL}${file}`

/**
 * How many tests and hooks failed in which file, as `FileReporter` told it.
 * @param {string} output
 * @returns {Map<string, number>} By path from the root of the tree.
 */
export function failedFiles(output) {
  /** @type {Map<string, number>} */
  const failures = new Map()
  for (const line of output.split('\n').filter((one) => one.startsWith(LABEL))) {
    const file = line.slice(LABEL.length).trim()
    failures.set(file, (failures.get(file) ?? 0) + 1)
  }
  return failures
}
