/** What EIP-1193 wants of a wallet. */
export interface Eip1193Provider {
  request(question: { readonly method: string; readonly params?: unknown[] }): Promise<unknown>
}

/** A wallet that this browser has. */
export interface FoundWallet {
  readonly name: string
  readonly provider: Eip1193Provider
}

interface Announcement {
  readonly info?: { readonly name?: unknown; readonly uuid?: unknown }
  readonly provider?: unknown
}

/**
 * The wallets that announce themselves (EIP-6963), or the one that stands at `window.ethereum`.
 * @param waitMs Milliseconds to wait for announcements: wallets answer at once, but some load late.
 */
export async function findWallets(waitMs = 150): Promise<readonly FoundWallet[]> {
  const found = new Map<string, FoundWallet>()
  const listen = (event: Event): void => {
    const { info, provider } = (event as CustomEvent<Announcement | null>).detail ?? {}
    if (typeof info?.uuid !== 'string' || !isProvider(provider)) return
    const name = typeof info.name === 'string' ? info.name.slice(0, 40) : 'a wallet'
    found.set(info.uuid, { name, provider })
  }
  window.addEventListener('eip6963:announceProvider', listen)
  window.dispatchEvent(new Event('eip6963:requestProvider'))
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  window.removeEventListener('eip6963:announceProvider', listen)
  const { ethereum } = window as { readonly ethereum?: unknown }
  if (found.size === 0 && isProvider(ethereum)) return [{ name: "the browser's wallet", provider: ethereum }]
  return [...found.values()]
}

function isProvider(value: unknown): value is Eip1193Provider {
  return typeof value === 'object' && value !== null && 'request' in value && typeof value.request === 'function'
}
