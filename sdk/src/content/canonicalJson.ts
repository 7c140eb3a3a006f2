/**
 * JSON with sorted keys and no white space: equal values have equal bytes, so a digest of it names the value. Members
 * that are `undefined` are left out. Source: docs/program-contract.md.
 * @throws TypeError for numbers that are not safe integers, for text that is not well-formed Unicode, and for anything
 * that JSON has no form for
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`not a safe integer: ${value}`)
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    // A lone surrogate would become the replacement character in UTF-8: two values, one digest.
    if (/\p{Surrogate}/u.test(value)) throw new TypeError('text with a lone surrogate')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`no JSON form: ${typeof value}`)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
