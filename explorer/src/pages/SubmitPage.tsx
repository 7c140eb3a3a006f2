import { useId, useMemo, useRef, useState, useSyncExternalStore, type FormEvent, type ReactNode } from 'react'
import { api } from '../api.js'
import { duration, tokens } from '../format.js'
import { Failure } from '../parts/small.js'
import { go, Link, useLocation, useTitle } from '../router.js'
import { useAnswer } from '../useAnswer.js'
import { PendingCard } from '../wallet/PendingCard.js'
import { pendingSubmission, type Begun } from '../wallet/pendingSubmission.js'
import { base64Of, bytesOf, namedFiles, unitsOf } from '../wallet/typed.js'
import { useWallet } from '../wallet/useWallet.js'

const PROGRAM = /^0x[0-9a-fA-F]{64}$/
/** The server takes 4 MiB of JSON, in which bytes are a third longer. */
const MOST_BYTES = 2.9 * 2 ** 20

/** Asks for a proof with a wallet of this browser. */
export function SubmitPage(): ReactNode {
  useTitle('Ask for a proof')
  const { query } = useLocation()
  const [program, setProgram] = useState(query.get('program') ?? '')
  const [seconds, setSeconds] = useState('600')
  const [redundancy, setRedundancy] = useState('1')
  const [fee, setFee] = useState('')
  const [about, setAbout] = useState('')
  const [args, setArgs] = useState('')
  const [files, setFiles] = useState<readonly File[]>([])
  const [wrong, setWrong] = useState('')
  const [isKept, setIsKept] = useState(true)
  // A second try after a lost answer finds the workload of the first.
  const begun = useRef<Begun & { readonly fee: bigint }>(undefined)
  const wallet = useWallet()
  const network = useAnswer('network', (signal) => api.getNetwork({}, { signal }), { live: false }).answer
  const market = network?.contracts.market
  const text = useSyncExternalStore(pendingSubmission.subscribe, pendingSubmission.read)
  const pending = useMemo(() => pendingSubmission.of(text, market), [text, market])
  const own = useRef<Begun>(undefined)
  const isOwn = pending?.nonce === own.current?.nonce && pending?.account === own.current?.account

  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (pending !== undefined && !isOwn) return setWrong('Go on with the request above first, or forget it.')
    const units = fee.trim() === '' ? undefined : unitsOf(fee)
    if (fee.trim() !== '' && units === undefined) return setWrong('The fee is an amount of tokens such as 1.5.')
    const given = { ...(await namedFiles(files)), ...(about !== '' && { public_inputs: bytesOf(about) }) }
    if (!('public_inputs' in given)) return setWrong('Say what the proof is about: type the public inputs, or choose a file called public_inputs.')
    if (sizeOf(given) > MOST_BYTES) return setWrong('This is too much for this server: publish the inputs in a content store and submit with the SDK.')
    setWrong('')
    const terms = { program: program as `0x${string}`, maxRunTime: Number(seconds), redundancy: Number(redundancy) }
    wallet.start(async (found, report) => {
      const { submitWithWallet } = await import('../wallet/walletActs.js')
      const fee = begun.current?.fee ?? units ?? BigInt((await api.getQuote(terms)).minimumFee)
      const lines = args.split('\n').filter((line) => line !== '')
      const wanted = { ...terms, fee, args: lines, files: given, begun: begun.current }
      const workload = await submitWithWallet(found, wanted, report, (now) => {
        own.current = now
        begun.current = { ...now, fee }
        const since = Math.floor(Date.now() / 1000)
        const kept = { ...now, ...terms, market: market ?? '', since, fee: String(fee), args: lines, files: encoded(given) }
        setIsKept(pendingSubmission.keep(kept))
      })
      if (own.current !== undefined) pendingSubmission.forget(own.current)
      begun.current = undefined
      go(`/workloads/${workload}`)
    })
  } // prettier-ignore
  // What is asked for has changed: it is another workload.
  const change = (set: (text: string) => void) => (text: string) => {
    begun.current = undefined
    set(text)
  }

  return (
    <>
      <div>
        <p className="crumb">
          <Link to="/workloads">Workloads</Link> /
        </p>
        <h1 className="title">Ask for a proof</h1>
        <p className="quiet">
          A wallet of this browser pays and signs; this page holds no key. The fee is locked until the workload ends.
        </p>
      </div>
      {network?.proxy === false && (
        <p className="card problem" role="alert">
          This server takes no inputs. Submit with the SDK or the command line, or ask its operator for a key file and a
          store.
        </p>
      )}
      {pending !== undefined && !isOwn && <PendingCard pending={pending} />}
      <form className="card form" onSubmit={(event) => void send(event)}>
        <Field label="Program" value={program} set={change(setProgram)} pattern={PROGRAM.source} title="0x and 64 hexadecimal digits" mono required />
        <div className="row">
          <Field label="Maximum running time, seconds" value={seconds} set={change(setSeconds)} type="number" min={1} max={86_400} required />
          <Field label="Ranked proofs" value={redundancy} set={change(setRedundancy)} type="number" min={1} max={8} required />
          <Field label="Fee, tokens" value={fee} set={change(setFee)} placeholder="the least" />
        </div>
        <Quote program={program} seconds={seconds} redundancy={redundancy} />
        <Field label="Public inputs: what the proof is about, as text or 0x…" value={about} set={change(setAbout)} mono />
        <Files set={(chosen) => { begun.current = undefined; setFiles(chosen) }} />
        <Field label="Arguments of the program, one a line" value={args} set={change(setArgs)} mono lines={2} />
        {wrong !== '' && <p className="wrong" role="alert">{wrong}</p>}
        <p>
          <button type="submit" className="button main" disabled={wallet.isWorking || network?.proxy !== true}>
            Submit with a wallet
          </button>
        </p>
        {wallet.isWorking && !isKept && (
          <p className="quiet">This browser keeps nothing of it: leave this page open until the workload is shown.</p>
        )}
        {wallet.status}
      </form>
    </>
  ) // prettier-ignore
}

function Quote(props: { readonly program: string; readonly seconds: string; readonly redundancy: string }): ReactNode {
  const { program, seconds, redundancy } = props
  const terms = { program: program as `0x${string}`, maxRunTime: Number(seconds), redundancy: Number(redundancy) }
  const isWhole = PROGRAM.test(program) && terms.maxRunTime >= 1 && terms.redundancy >= 1
  const { answer, failure } = useAnswer(
    `quote ${program} ${seconds} ${redundancy}`,
    async (signal) => {
      if (!isWhole) return undefined
      const asked = { program: terms.program }
      const [quote, { history }] = await Promise.all([api.getQuote(terms, { signal }), api.getProgram(asked, { signal })])
      return { quote, history }
    },
    { live: false },
  ) // prettier-ignore
  if (failure !== undefined) return <Failure failure={failure} />
  if (answer === undefined) return <p className="quiet small">The least fee depends on the program.</p>
  const { quote, history } = answer
  const p90 = history?.runTimes.p90 ?? null
  return (
    <p className="quiet small" role="status">
      The least fee is <b>{tokens(quote.minimumFee)} GVLT</b>.
      {p90 !== null && ` Nine of ten proofs of this program took up to ${duration(p90)}.`}
    </p>
  )
}

function Field(props: {
  readonly label: string
  readonly value: string
  readonly set: (text: string) => void
  readonly type?: 'text' | 'number'
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly title?: string
  readonly placeholder?: string
  readonly required?: boolean
  readonly mono?: boolean
  readonly lines?: number
}): ReactNode {
  const { label, set, mono, lines, ...rest } = props
  const id = useId()
  const common = { id, className: mono === true ? 'mono' : undefined, autoComplete: 'off', spellCheck: false }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {lines === undefined ? (
        <input {...common} {...rest} onChange={(event) => set(event.target.value)} />
      ) : (
        <textarea {...common} rows={lines} value={rest.value} onChange={(event) => set(event.target.value)} />
      )}
    </div>
  )
}

function Files({ set }: { readonly set: (files: readonly File[]) => void }): ReactNode {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>Input files; the program finds them by their names</label>
      <input id={id} type="file" multiple onChange={(event) => set([...(event.target.files ?? [])])} />
    </div>
  )
}

function encoded(files: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, base64Of(bytes)]))
}

function sizeOf(files: Readonly<Record<string, Uint8Array>>): number {
  return Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0)
}
