import type { Kysely } from 'kysely'
import { readDrawFacts } from '../../audit/readDrawFacts.js'
import type { DrawFacts } from '../../audit/DrawFacts.js'
import { asChainError } from '../../chain/asChainError.js'
import type { GevulotClient } from '../../client/createClient.js'
import { readChances } from '../chainIndex/queries/chances.js'
import { readEpochs, readTotals, type EpochClock } from '../chainIndex/queries/network.js'
import { listOperators, readOperator } from '../chainIndex/queries/operators.js'
import { listPrograms, readProgramHistory } from '../chainIndex/queries/programs.js'
import { search } from '../chainIndex/queries/search.js'
import {
  listWorkloads,
  readStory,
  readSubmission,
  readSummary,
  type WorkloadFilter,
} from '../chainIndex/queries/workloads.js'
import type { ApiSchema } from '../store/schema.js'
import { Kept } from '../Kept.js'

/** What sums over everything is not computed more often than this for the same question, whoever asks. */
const KEEP_MS = 3_000
/** A draw never changes once it is deep; until then it is asked for again soon. */
const KEEP_DRAW_MS = 30_000

/** What the server answers out of its index. */
export class Figures {
  readonly #client: GevulotClient
  readonly #db: Kysely<ApiSchema>
  readonly #sums: Kept
  readonly #pages: Kept
  readonly #draws: Kept
  #epochClock: EpochClock | undefined

  constructor(client: GevulotClient, db: Kysely<ApiSchema>) {
    this.#client = client
    this.#db = db
    this.#sums = new Kept(client.clock, KEEP_MS)
    this.#pages = new Kept(client.clock, KEEP_MS)
    this.#draws = new Kept(client.clock, KEEP_DRAW_MS)
  }

  /** The index has moved: what follows from it only is read anew. Sums stay as long as they may. */
  moved(): void {
    this.#pages.forget()
  }

  workloads(filter: WorkloadFilter) {
    return this.#pages.get(`workloads ${JSON.stringify(filter)}`, () => listWorkloads(this.#db, filter))
  }

  summary(workload: string) {
    return this.#pages.get(`summary ${workload}`, () => readSummary(this.#db, workload))
  }

  story(workload: string) {
    return this.#pages.get(`story ${workload}`, () => readStory(this.#db, workload))
  }

  submission(workload: string) {
    return this.#pages.get(`submission ${workload}`, () => readSubmission(this.#db, workload))
  }

  /**
   * Read from the chain, not from the index: it needs the state of old blocks.
   * @param fromBlock The first block in which anything of the workload can be.
   */
  draw(workload: `0x${string}`, fromBlock: number): Promise<DrawFacts> {
    return this.#draws.get(workload, () => readDrawFacts(this.#client.contracts, workload, { fromBlock }))
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
