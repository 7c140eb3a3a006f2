import type { Kysely } from 'kysely'
import { readDrawFacts } from '../../audit/readDrawFacts.js'
import type { DrawFacts } from '../../audit/DrawFacts.js'
import { asChainError } from '../../chain/asChainError.js'
import type { GevulotClient } from '../../client/createClient.js'
import type { Clock } from '../../clock.js'
import { readChances } from '../chainIndex/queries/chances.js'
import { readEpochs, readTotals, type EpochClock } from '../chainIndex/queries/network.js'
import { listOperators, readOperator } from '../chainIndex/queries/operators.js'
import { listPrograms, readProgramHistory } from '../chainIndex/queries/programs.js'
import { search } from '../chainIndex/queries/search.js'
import { listWorkloads, readStory, readSummary, type WorkloadFilter } from '../chainIndex/queries/workloads.js'
import type { ApiSchema } from '../store/schema.js'

/** What sums over everything is not computed more often than this for the same question, whoever asks. */
const KEEP_MS = 3_000
const MOST_KEPT = 128
/** A draw never changes once it is deep; until then it is asked for again soon. */
const KEEP_DRAW_MS = 30_000

/** What the server answers out of its index. */
export class Figures {
  readonly #client: GevulotClient
  readonly #db: Kysely<ApiSchema>
  readonly #sums: Kept
  readonly #draws: Kept
  #epochClock: EpochClock | undefined

  constructor(client: GevulotClient, db: Kysely<ApiSchema>) {
    this.#client = client
    this.#db = db
    this.#sums = new Kept(client.clock, KEEP_MS)
    this.#draws = new Kept(client.clock, KEEP_DRAW_MS)
  }

  workloads(filter: WorkloadFilter) {
    return listWorkloads(this.#db, filter)
  }

  summary(workload: string) {
    return readSummary(this.#db, workload)
  }

  story(workload: string) {
    return readStory(this.#db, workload)
  }

  /** Read from the chain, not from the index: it needs the state of old blocks. */
  draw(workload: `0x${string}`): Promise<DrawFacts> {
    return this.#draws.get(workload, () => readDrawFacts(this.#client.contracts, workload))
  }

  programs(page: { limit: number; cursor?: string | undefined }) {
    return this.#sums.get(`programs ${page.limit} ${page.cursor ?? ''}`, () => listPrograms(this.#db, page))
  }

  programHistory(program: string) {
    return this.#sums.get(`program ${program}`, () => readProgramHistory(this.#db, program))
  }

  chances(program: string, maxRunTime: number) {
    return this.#sums.get(`chances ${program} ${maxRunTime}`, () => readChances(this.#db, program, maxRunTime))
  }

  operators(page: { limit: number; cursor?: string | undefined }) {
    return this.#sums.get(`operators ${page.limit} ${page.cursor ?? ''}`, () => listOperators(this.#db, page))
  }

  operator(operator: string) {
    return this.#sums.get(`operator ${operator}`, () => readOperator(this.#db, operator))
  }

  totals() {
    return this.#sums.get('totals', () => readTotals(this.#db))
  }

  async epochs(spans: { last: number; per: number }) {
    const clock = await this.#clock()
    const read = () => readEpochs(this.#db, clock, spans)
    return {
      epochLength: clock.length,
      spans: await this.#sums.get(`epochs ${spans.last} ${spans.per}`, read),
    }
  }

  search(text: string) {
    return search(this.#db, text)
  }

  async #clock(): Promise<EpochClock> {
    const { registry } = this.#client.contracts
    try {
      this.#epochClock ??= {
        genesis: Number(await registry.genesis()),
        length: Number(await registry.epochLength()),
      }
      return this.#epochClock
    } catch (error) {
      throw asChainError(error, 'reading the epochs')
    }
  }
}

/** Answers that are kept for a while: those who ask the same meanwhile wait for the same answer. */
class Kept {
  readonly #answers = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>()
  readonly #clock: Clock
  readonly #keepMs: number

  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock
    this.#keepMs = keepMs
  }

  get<Answer>(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const now = this.#clock.now()
    const kept = this.#answers.get(question)
    // The question names the type of its answer.
    if (kept !== undefined && kept.until > now) return kept.answer as Promise<Answer>
    const answer = ask()
    this.#answers.delete(question)
    this.#answers.set(question, { until: now + this.#keepMs, answer })
    answer.catch(() => this.#answers.delete(question))
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > MOST_KEPT && oldest !== undefined) this.#answers.delete(oldest)
    return answer
  }
}
