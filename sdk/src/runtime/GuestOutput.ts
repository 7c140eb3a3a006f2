/** What stands under a name in `/out`. */
export type GuestEntry =
  | { readonly kind: 'file'; readonly size: number }
  /** A link, a directory, a device. */
  | { readonly kind: 'other' }

/** What a program left in `/out`, seen from outside after its end. Everything here was written by a stranger. */
export interface GuestOutput {
  /** Whether `/out` had no room left at the end. */
  readonly full: boolean
  /** What stands under a plain name; links are not followed. */
  stat(name: string): Promise<GuestEntry | undefined>
  /** The bytes of a file, at most `maxBytes` of them. */
  read(name: string, maxBytes: number): AsyncIterable<Uint8Array>
}
