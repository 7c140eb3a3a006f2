import { useState, type ReactNode } from 'react'
import type { GevulotError } from '../../../sdk/src/errors/GevulotError.js'
import type { WorkloadRow } from '../answers.js'
import { later, useNow } from '../clock.js'
import { ago, short, tokens, utc, words } from '../format.js'
import { Link } from '../router.js'

/** An amount of tokens. */
export function Amount({ units, digits }: { readonly units: string | bigint; readonly digits?: number }): ReactNode {
  return (
    <>
      {tokens(units, digits)} <span className="unit">GVLT</span>
    </>
  )
}

/** How long ago something was; the exact time for who looks or listens closer. */
export function Ago({ time }: { readonly time: number }): ReactNode {
  const now = useNow()
  return (
    <time dateTime={new Date(time * 1000).toISOString()} title={utc(time)}>
      {ago(time, now)}
    </time>
  )
}

/** A link to a workload. */
export function WorkloadId({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to={`/workloads/${id}`} className="id" label={`Workload ${short(id)}`}>
      {short(id)}
    </Link>
  )
}

/** A link to a program. */
export function ProgramId({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to={`/programs/${id}`} className="id" label={`Program ${short(id)}`}>
      {short(id)}
    </Link>
  )
}

/** A link to an account. */
export function Account({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to={`/accounts/${id}`} className="id" label={`Account ${short(id)}`}>
      {short(id)}
    </Link>
  )
}

/** A whole id that can be copied. */
export function WholeId({ id, name }: { readonly id: string; readonly name: string }): ReactNode {
  return (
    <>
      <span className="id whole">{id}</span>
      <Copy text={id} name={name} />
    </>
  )
}

/** A command line that can be copied. */
export function CommandLine({ line }: { readonly line: string }): ReactNode {
  return (
    <>
      <code className="whole">{line}</code>
      <Copy text={line} name="command" />
    </>
  )
}

function Copy({ text, name }: { readonly text: string; readonly name: string }): ReactNode {
  const [copied, setCopied] = useState(false)
  // Browsers give it to pages that came sealed, or from this machine, alone.
  const canCopy = 'clipboard' in navigator
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true)
      later(() => setCopied(false), 1_500)
    })
  }
  return (
    <>
      {canCopy && (
        <button type="button" className="copy" onClick={copy} aria-label={copied ? 'copied' : `copy the ${name}`}>
          {copied ? 'copied' : 'copy'}
        </button>
      )}
      <span className="hidden" role="status">
        {copied && `The ${name} is copied.`}
      </span>
    </>
  )
}

const TONES = {
  ...{ pending: 'busy', proving: 'busy', revealing: 'busy', proven: 'good', expired: 'bad', cancelled: '' },
} as const

/** The status of a workload; how it ended stands in it. */
export function Status({ row }: { readonly row: Pick<WorkloadRow, 'status' | 'outcome'> }): ReactNode {
  const { status, outcome } = row
  return <span className={`tag ${TONES[status]}`}>{status === 'expired' ? words(outcome ?? status) : status}</span>
}

const NOT_HERE = ['API_NOT_FOUND', 'CLIENT_WORKLOAD_UNKNOWN', 'CONTRACT_UNKNOWN_PROGRAM']

/** What went wrong, and what to do about it; `isPage` where nothing else stands in the page. */
export function Failure(props: { readonly failure: GevulotError; readonly isPage?: boolean }): ReactNode {
  const { failure, isPage = false } = props
  const Heading = isPage ? 'h1' : 'h2'
  return (
    <div className="card problem" role="alert">
      <Heading>{NOT_HERE.includes(failure.code) ? 'Not here' : 'That did not work'}</Heading>
      <p>{failure.message}</p>
      <p className="quiet small">
        {failure.hint} <code>{failure.code}</code>
      </p>
    </div>
  )
}

/** Figures side by side. */
export function Figures({ of, label }: { readonly of: readonly Figure[]; readonly label: string }): ReactNode {
  return (
    <dl className="figures" aria-label={label}>
      {of.map(({ name, value, note }) => (
        <div className="figure" key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {note !== undefined && <div className="note">{note}</div>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** A figure with its name. */
export interface Figure {
  readonly name: string
  readonly value: ReactNode
  readonly note?: ReactNode
}

/** Names and values, one under the other. */
export function Facts({ of }: { readonly of: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
