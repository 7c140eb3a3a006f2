import { useId, useState, type ReactNode } from 'react'
import { duration, plural } from '../format.js'
import { Account, Ago, Amount, ProgramId } from '../parts/small.js'
import { go } from '../router.js'
import { bytesOfBase64, namedFiles } from './typed.js'
import { pendingSubmission, type PendingSubmission } from './pendingSubmission.js'
import { useWallet } from './useWallet.js'

/** Goes on with a request that was left before its end, or forgets it. */
export function PendingCard({ pending }: { readonly pending: PendingSubmission }): ReactNode {
  const { program, maxRunTime, redundancy, fee, args, account, since } = pending
  const missing = Object.keys(pending.files).filter((name) => pending.files[name] === null)
  const [chosen, setChosen] = useState<readonly File[]>([])
  const [wrong, setWrong] = useState('')
  const wallet = useWallet()
  const id = useId()

  const goOn = (): void => {
    const absent = missing.filter((name) => chosen.every((file) => file.name !== name))
    if (absent.length > 0) return setWrong(`Choose what was too large to be kept: ${absent.join(', ')}.`)
    setWrong('')
    wallet.start(async (found, report) => {
      const { submitWithWallet } = await import('./walletActs.js')
      const kept = Object.entries(pending.files).flatMap(([name, text]) =>
        text === null ? [] : [[name, bytesOfBase64(text)] as const],
      )
      const given = await namedFiles(chosen.filter(({ name }) => missing.includes(name)))
      const files = { ...Object.fromEntries(kept), ...given }
      const terms = { program, maxRunTime, redundancy, fee: BigInt(fee), args }
      const workload = await submitWithWallet(found, { ...terms, files, begun: pending }, report)
      pendingSubmission.forget(pending)
      go(`/workloads/${workload}`)
    })
  }

  return (
    <section className="card form" aria-label="A request that is not finished">
      <h2>A request of this browser is not finished</h2>
      <p>
        Begun <Ago time={since} /> by <Account id={account} />: <ProgramId id={program} />, up to {duration(maxRunTime)},{' '}
        {plural(redundancy, 'ranked proof')}, <Amount units={fee} digits={18} />.
      </p>
      <p className="quiet">
        What was paid or sent is found again, and not paid twice. If the wallet still shows a question, answer that
        first. If another tab is at work on it, leave it to that one.
      </p>
      {missing.length > 0 && (
        <div className="field">
          <label htmlFor={id}>The same files again, which were too large to be kept: {missing.join(', ')}</label>
          <input id={id} type="file" multiple onChange={(event) => setChosen([...(event.target.files ?? [])])} />
        </div>
      )}
      {wrong !== '' && <p className="wrong" role="alert">{wrong}</p>}
      <p className="chips">
        <button type="button" className="button main" onClick={goOn} disabled={wallet.isWorking}>
          Go on with a wallet
        </button>
        <button type="button" className="button" onClick={() => pendingSubmission.forget(pending)} disabled={wallet.isWorking}>
          Forget it
        </button>
      </p>
      {wallet.status}
    </section>
  ) // prettier-ignore
}
