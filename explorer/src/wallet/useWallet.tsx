import { useState, type ReactNode } from 'react'
import { GevulotError } from '../../../sdk/src/errors/GevulotError.js'
import { Failure } from '../parts/small.js'
import { findWallets, type FoundWallet } from './findWallets.js'

/** Something that a wallet does; it tells its steps. */
export type WalletAct = (wallet: FoundWallet, report: (step: string) => void) => Promise<void>

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'choosing'; readonly wallets: readonly FoundWallet[]; readonly act: WalletAct }
  | { readonly kind: 'working'; readonly step: string }
  | { readonly kind: 'failed'; readonly failure: GevulotError }

/** What {@link useWallet} gives. */
export interface WalletUse {
  readonly isWorking: boolean
  /** Looks for a wallet, asks which one if there are several, and lets it act. */
  readonly start: (act: WalletAct) => void
  /** Which wallet, how far it is, or what went wrong. */
  readonly status: ReactNode
}

/** Lets a wallet of this browser act, one act at a time. */
export function useWallet(): WalletUse {
  const [state, setState] = useState<State>({ kind: 'idle' })
  const run = async (wallet: FoundWallet, act: WalletAct): Promise<void> => {
    const report = (step: string): void => setState({ kind: 'working', step })
    report('Loading what speaks to wallets')
    try {
      await act(wallet, report)
      setState({ kind: 'idle' })
    } catch (error) {
      setState({ kind: 'failed', failure: error instanceof GevulotError ? error : unknown(error) })
    }
  }
  const start = async (act: WalletAct): Promise<void> => {
    setState({ kind: 'working', step: 'Looking for a wallet' })
    const wallets = await findWallets()
    const [first] = wallets
    if (first === undefined) setState({ kind: 'failed', failure: NONE })
    else if (wallets.length === 1) await run(first, act)
    else setState({ kind: 'choosing', wallets, act })
  }
  return {
    isWorking: state.kind === 'working',
    start: (act) => void start(act),
    status: <Status state={state} choose={(wallet, act) => void run(wallet, act)} />,
  }
}

function Status(props: {
  readonly state: State
  readonly choose: (wallet: FoundWallet, act: WalletAct) => void
}): ReactNode {
  const { state, choose } = props
  if (state.kind === 'failed') return <Failure failure={state.failure} />
  return (
    <div role="status">
      {state.kind === 'working' && <p className="quiet">{state.step}…</p>}
      {state.kind === 'choosing' && (
        <p className="chips">
          {state.wallets.map((wallet) => (
            <button key={wallet.name} type="button" className="button" onClick={() => choose(wallet, state.act)}>
              {wallet.name}
            </button>
          ))}
        </p>
      )}
    </div>
  )
}

const NONE = new GevulotError(
  'CHAIN_SIGNER_MISSING',
  { hint: 'Install one, or submit with the SDK, the command line or over HTTP.', retryable: false },
  'this browser has no wallet',
)

function unknown(error: unknown): GevulotError {
  const message = error instanceof Error ? error.message.slice(0, 300) : 'the wallet failed'
  return new GevulotError('CHAIN_RPC_UNAVAILABLE', { hint: 'Try again; nothing is lost.', retryable: true }, message)
}
