/** What a run used. */
export interface RunUsage {
  /** From the program's start to its end; 0 if it never started. */
  readonly wallSeconds: number
  /** From the call to the program's start: sandbox or virtual machine, images. */
  readonly startSeconds: number
  readonly cpuSeconds?: number
  readonly peakMemoryMiB?: number
  /** How a virtual machine's processor was run. */
  readonly accel?: 'tcg' | 'kvm'
}

/** A file that a program produced; checked, and on this machine. */
export interface ResultFile {
  readonly name: string
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** What every outcome carries. */
export interface RunRecord {
  readonly usage: RunUsage
  /** The program's standard output and error, capped, control characters escaped. */
  readonly log: string
}

/** How a program ended, without the record. Source: design section 8. */
export type Verdict =
  /** A prover succeeded; `proof` is among the files. */
  | { readonly kind: 'ok'; readonly files: readonly ResultFile[] }
  /** A verifier accepted the proof. */
  | { readonly kind: 'valid' }
  /** A verifier refused the proof. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** The program itself says that it failed. */
  | { readonly kind: 'program-error'; readonly text: string }
  /** It ran longer than `limits.seconds`. */
  | { readonly kind: 'timeout' }
  /** It needed more than `limits.memoryMiB`. */
  | { readonly kind: 'out-of-memory' }
  /** It wrote more than `limits.outputMiB`. */
  | { readonly kind: 'disk-full' }
  /** It ended by a signal or with an exit code that means nothing. */
  | { readonly kind: 'crash'; readonly exitCode?: number; readonly signal?: number }
  /** It ended well but left no result that can be believed. */
  | { readonly kind: 'no-result'; readonly reason: string }
  /** The sandbox or the virtual machine failed, not the program: the one failure worth a retry. `isLate`: it took too long to start or to end. */
  | { readonly kind: 'runtime-failed'; readonly reason: string; readonly isLate?: boolean }
  /** The caller's signal. */
  | { readonly kind: 'aborted' }

/** How a run ended, and its record. A discriminated union on `kind`. */
export type RunOutcome = Verdict & RunRecord
