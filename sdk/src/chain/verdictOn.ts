import { isIn } from './isIn.js'

/** An event as far as it tells of verdicts, whoever decoded it. */
interface Told {
  readonly name: string
  readonly args: object
}

/**
 * What was said of a proof: by the verifier contract in the reveal itself, by a committee later. The verdict that entered the books counts; before
 * that the last one, because an appeal's takes the place of the one before.
 * @param reveal `Revealed` or `RevealedToCommittee`.
 * @param events Those of its workload, in order.
 * @returns undefined as long as nobody said anything.
 */
export function verdictOn(reveal: Told, events: readonly Told[]): boolean | undefined {
  if (reveal.name === 'Revealed') return argOf(reveal, 'valid') === true
  const last = (name: string) => events.findLast((event) => event.name === name)
  const verdict = last('Judged') ?? last('VerdictReached')
  return verdict && isIn(Number(argOf(verdict, 'valid')), Number(argOf(reveal, 'order')))
}

function argOf({ args }: Told, name: string): unknown {
  return (args as Readonly<Record<string, unknown>>)[name]
}
