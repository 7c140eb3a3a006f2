/** Whether the proof of a commit order is in a set. */
export function isIn(set: number, order: number): boolean {
  return ((set >>> order) & 1) === 1
}
