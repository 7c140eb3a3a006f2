/** What fails in more files than these has a reason, and no bad luck. */
export const MOST_REPEATED = 3

/**
 * Runs each file in which a test failed once more, one after another, with nothing beside it (docs/adr/0061-repeated-tests.md).
 * @param {ReadonlyMap<string, number>} failures How many failed in which file.
 * @param {(file: string) => Promise<boolean>} passes Runs a file, and says whether all of it passed.
 * @returns {Promise<Map<string, number>>} Those of `failures` that passed now: none where more than {@link MOST_REPEATED} files failed.
 */
export async function repeatFailed(failures, passes) {
  /** @type {Map<string, number>} */
  const passed = new Map()
  if (failures.size > MOST_REPEATED) return passed
  for (const [file, count] of [...failures]) if (await passes(file)) passed.set(file, count)
  return passed
}
