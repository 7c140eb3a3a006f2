import { useState, type ReactNode } from 'react'
import { GevulotError } from '../../../sdk/src/errors/GevulotError.js'
import { useAnswer } from '../useAnswer.js'
import { Failure } from './small.js'

/** A page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
}

/** A list that grows page by page; its first page is kept fresh. */
export function Pages<Row>(props: {
  /** Says what is listed. */
  readonly question: string
  readonly ask: (cursor: string | undefined, signal: AbortSignal | undefined) => Promise<Page<Row>>
  readonly show: (rows: readonly Row[]) => ReactNode
  readonly empty: string
}): ReactNode {
  const { question, ask, show, empty } = props
  const [more, setMore] = useState<Page<Row> & { question: string }>()
  const [failure, setFailure] = useState<GevulotError>()
  const first = useAnswer(question, (signal) => ask(undefined, signal), { live: more === undefined })
  if (first.failure !== undefined && first.answer === undefined) return <Failure failure={first.failure} />
  if (first.answer === undefined) return <p className="empty">Reading…</p>
  const later = more?.question === question ? more : undefined
  const rows = [...first.answer.rows, ...(later?.rows ?? [])]
  const next = later === undefined ? first.answer.next : later.next
  const goOn = (): void => {
    ask(next ?? undefined, undefined).then(
      (page) => setMore({ question, rows: [...(later?.rows ?? []), ...page.rows], next: page.next }),
      (error: unknown) => error instanceof GevulotError && setFailure(error),
    )
  }
  if (rows.length === 0) return <p className="empty">{empty}</p>
  return (
    <>
      {show(rows)}
      {failure !== undefined && <Failure failure={failure} />}
      {next !== null && (
        <p className="empty">
          <button type="button" className="button" onClick={goOn}>
            Show more
          </button>
        </p>
      )}
    </>
  )
}
