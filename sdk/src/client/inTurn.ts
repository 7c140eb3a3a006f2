/** What is done one after the other: resolves when the last of it is over. */
export interface Turns {
  tail: Promise<unknown>
}

/**
 * One after the other, each when all before it are over.
 * @param act Tells `keep` of a transaction that is on its way when it ends: the turn is over only when that is in the chain.
 */
export async function inTurn<T>(
  turns: Turns,
  act: (keep: (until: Promise<unknown>) => void) => Promise<T>,
): Promise<T> {
  let kept: Promise<unknown> | undefined
  const turn = turns.tail.then(() => act((until) => void (kept = until)))
  turns.tail = turn.catch(() => undefined).then(() => kept)
  return turn
}
