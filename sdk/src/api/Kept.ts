import type { Clock } from '../clock.js'

const MOST_KEPT = 128

/** Answers that are kept for a while: those who ask the same meanwhile wait for the same answer. */
export class Kept {
  readonly #answers = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>()
  readonly #clock: Clock
  readonly #keepMs: number

  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock
    this.#keepMs = keepMs
  }

  /**
   * The answer that is kept, or a new one. What fails is not kept.
   * @param question Names the answer and its type.
   */
  get<Answer>(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const now = this.#clock.elapsed()
    const kept = this.#answers.get(question)
    // The question names the type of its answer.
    if (kept !== undefined && kept.until > now) return kept.answer as Promise<Answer>
    const entry = { until: now + this.#keepMs, answer: ask() }
    this.#answers.delete(question)
    this.#answers.set(question, entry)
    entry.answer.catch(() => {
      // Somebody may have asked anew in between.
      if (this.#answers.get(question) === entry) this.#answers.delete(question)
    })
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > MOST_KEPT && oldest !== undefined) this.#answers.delete(oldest)
    return entry.answer
  }

  /**
   * From now on this is asked anew, or everything. What is being asked is handed to those who wait for it, and not kept.
   */
  forget(question?: string): void {
    if (question === undefined) this.#answers.clear()
    else this.#answers.delete(question)
  }
}
