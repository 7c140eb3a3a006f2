import { useEffect, useRef, useState } from 'react'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { useLive } from './live.js'

/** An answer on its way, there, or refused. The last answer stays while the next one is asked for. */
export interface Asked<Answer> {
  readonly answer: Answer | undefined
  readonly failure: GevulotError | undefined
}

/**
 * Asks, and asks again when something happened on the network.
 * @param question Says what is asked: another question forgets the answer.
 */
export function useAnswer<Answer>(
  question: string,
  ask: (signal: AbortSignal) => Promise<Answer>,
  options: { readonly live?: boolean } = {},
): Asked<Answer> {
  const { tick } = useLive()
  const [state, setState] = useState<Asked<Answer> & { question: string }>(() => nothing(question))
  const asking = useRef(ask)
  asking.current = ask
  const round = options.live === false ? 0 : tick
  useEffect(() => {
    const over = new AbortController()
    asking.current(over.signal).then(
      (answer) => !over.signal.aborted && setState({ question, answer, failure: undefined }),
      (error: unknown) => {
        if (over.signal.aborted) return
        const failure = error instanceof GevulotError ? error : UNKNOWN
        setState((before) => ({ question, answer: before.question === question ? before.answer : undefined, failure }))
      },
    )
    return () => over.abort()
  }, [question, round])
  return state.question === question ? state : nothing(question)
}

function nothing<Answer>(question: string): Asked<Answer> & { question: string } {
  return { question, answer: undefined, failure: undefined }
}

const UNKNOWN = new GevulotError(
  'API_UNAVAILABLE',
  { hint: 'Reload the page.', retryable: true },
  'something went wrong in this page',
)
