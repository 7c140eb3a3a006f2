/**
 * What the sandbox reported on descriptor 3: lines of the stage script, and bwrap's JSON status.
 * The program does not have the descriptor.
 */
export class StageReport {
  /** The stage is there. */
  readonly stage: Promise<void>
  /** The program and everything it started is gone. */
  readonly done: Promise<void>
  #text = ''
  #resolveStage: () => void = () => undefined
  #resolveDone: () => void = () => undefined

  constructor() {
    this.stage = new Promise((resolve) => (this.#resolveStage = resolve))
    this.done = new Promise((resolve) => (this.#resolveDone = resolve))
  }

  /** Takes in more of the report. */
  write(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString('latin1')
    if (this.#timeOf('stage') !== undefined) this.#resolveStage()
    if (this.#timeOf('done') !== undefined) this.#resolveDone()
  }

  /** How long the program took, by the sandbox's own clock, which counts hundredths of a second; undefined until it is gone. */
  get seconds(): number | undefined {
    const [stage, done] = [this.#timeOf('stage'), this.#timeOf('done')]
    return stage === undefined || done === undefined ? undefined : done - stage
  }

  /** The program's exit code (128 + n after signal n); undefined if it was never started. */
  get exitCode(): number | undefined {
    const code = /"exit-code": *(\d+)/.exec(this.#text)?.[1]
    return code === undefined ? undefined : Number(code)
  }

  #timeOf(event: 'stage' | 'done'): number | undefined {
    const time = new RegExp(`^${event} (.*)\n`, 'm').exec(this.#text)?.[1]
    return time === undefined ? undefined : Number.parseFloat(time)
  }
}
