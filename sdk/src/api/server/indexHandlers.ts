import { toAddress, toWorkloadId } from '../../chain/hex.js'
import { apiError } from '../../errors/codes/api.js'
import type { INDEX_ENDPOINTS } from '../contract/indexEndpoints.js'
import type { Handler } from './handlers.js'

/** What the operations do that are answered out of the index. */
export const indexHandlers: { readonly [Name in keyof typeof INDEX_ENDPOINTS]: Handler<Name> } = {
  listWorkloads({ figures }, { operator, ...filter }) {
    return figures.workloads({ ...filter, ...(operator !== undefined && { operator: checksummed(operator) }) })
  },

  async getDraw({ figures, readings }, { workload: text }) {
    const workload = toWorkloadId(text)
    const { offer, candidates, ...facts } = await figures.draw(workload, await readings.since(workload))
    return {
      ...facts,
      set: [...facts.set],
      offer: offer.toString(),
      candidates: candidates.map((candidate) => ({ ...candidate, priceFloor: candidate.priceFloor.toString() })),
      ...{ busy: [...facts.busy], uncertain: [...facts.uncertain], have: [...facts.have] },
    }
  },

  listPrograms({ figures }, page) {
    return figures.programs(page)
  },

  listOperators({ figures }, { limit, cursor }) {
    const [earned, operator] = cursor?.split('.') ?? []
    if (earned === undefined || operator === undefined) return figures.operators({ limit })
    return figures.operators({ limit, cursor: `${earned}.${checksummed(operator)}` })
  },

  async getOperator({ figures }, { operator }) {
    const found = await figures.operator(checksummed(operator))
    if (found === undefined) throw apiError('API_NOT_FOUND', `${operator} holds no seat`)
    return found
  },

  listEpochs({ figures }, spans) {
    return figures.epochs(spans)
  },

  async search({ figures }, { q }) {
    return { results: await figures.search(q.trim()) }
  },
}

/** Accounts are kept with their checksums; callers may write them as they like. */
function checksummed(account: string): string {
  return toAddress(account.toLowerCase())
}
