import type { ReactNode } from 'react'
import { useWallet } from '../wallet/useWallet.js'
import type { Workload } from './readStory.js'

/** Lets the requester cancel, while that is possible. */
export function CancelCard({ workload }: { readonly workload: Workload }): ReactNode {
  const wallet = useWallet()
  const { status, slots } = workload
  const isCommitted = slots.some(({ status: slot }) => COMMITTED.includes(slot))
  if ((status !== 'pending' && status !== 'proving') || isCommitted) return null
  const cancel = (): void => {
    wallet.start(async (found, report) => {
      const { cancelWithWallet } = await import('../wallet/walletActs.js')
      await cancelWithWallet(found, workload.workload, report)
    })
  }
  return (
    <section className="card" aria-label="Cancel">
      <details>
        <summary>Cancel this workload</summary>
        <p>
          Only its requester can. Until shortly before the draw the whole fee comes back. After it, the seats that
          accepted share a compensation that grows with time, and a proof that arrives within the delay ends the
          attempt.
        </p>
        <p>
          <button type="button" className="button" onClick={cancel} disabled={wallet.isWorking}>
            Cancel with a wallet
          </button>
        </p>
        {wallet.status}
      </details>
    </section>
  )
}

const COMMITTED = ['committed', 'revealed', 'valid', 'invalid']
