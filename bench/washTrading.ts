/**
 * Simulates requesters that pay their own seats under network rewards, and draws what the best of many strategies earns
 * against κ: docs/charts/wash-trading.svg. The contracts' own arithmetic, without a chain; test/contracts/Rewards.wash.t.sol
 * shows the same on the contracts.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { standard } from '../sdk/src/deploy/parameters.js'
import { rankShares, splitFee } from '../sdk/src/chain/rewards.js'
import { dice } from './dice.js'

const TOKEN = 10n ** 18n
const BPS = 10_000n
const USUAL_STRATEGIES = 20_000
/** `STRATEGIES` makes it shorter; then the chart is left as it is. */
const STRATEGIES = Number(process.env['STRATEGIES'] ?? USUAL_STRATEGIES)
/** κ from 0 to 1.4 in steps of a twentieth. */
const KAPPAS = Array.from({ length: 29 }, (_, index) => index * 500)
const OUT = join(import.meta.dirname, '..', 'docs', 'charts', 'wash-trading.svg')

/** A workload whose requester also holds seats. */
interface Strategy {
  readonly fee: bigint
  /** Who fills each rank: the coalition, an outsider, or nobody. */
  readonly ranks: readonly ('own' | 'other' | 'none')[]
  /** Part of the points that the epoch's budget pays, basis points: how crowded the epoch is that the recorder chooses. */
  readonly paidBps: bigint
}

function someStrategy(roll: (n: number) => number): Strategy {
  const redundancy = 1 + roll(8)
  const filled = 1 + roll(redundancy)
  const ranks = Array.from({ length: redundancy }, (_, rank) =>
    rank >= filled ? ('none' as const) : roll(4) === 0 ? ('other' as const) : ('own' as const),
  )
  return {
    fee: BigInt(1 + roll(1_000)) * TOKEN,
    ranks,
    paidBps: roll(2) === 0 ? BPS : BigInt(roll(10_001)),
  }
}

/** What the coalition has more afterwards, in basis points of the fee. It assigns, settles and records itself. */
function profitOf({ fee, ranks, paidBps }: Strategy, kappaBps: number): number {
  const { pot } = splitFee(fee, { ...standard.rules, assignBounty: TOKEN / 2_000n, settleBounty: TOKEN / 2_000n })
  const shares = rankShares(pot, ranks.length)
  const sum = (who: (rank: string) => boolean): bigint =>
    shares.reduce((total, share, index) => total + (who(ranks[index] ?? 'none') ? share : 0n), 0n)
  const own = sum((rank) => rank === 'own')
  const paid = sum((rank) => rank !== 'none')
  const bounties = TOKEN / 1_000n
  const burned = fee - bounties - paid
  const points = paid === 0n ? 0n : (((burned * BigInt(kappaBps)) / BPS) * own) / paid
  const reward = (points * paidBps) / BPS
  return Number(((own + bounties + reward - fee) * 1_000_000n) / fee) / 100
}

/** The best and the middle strategy for each κ. */
function simulate(): readonly { readonly kappaBps: number; readonly best: number; readonly median: number }[] {
  const roll = dice(1)
  const strategies = Array.from({ length: STRATEGIES }, () => someStrategy(roll))
  return KAPPAS.map((kappaBps) => {
    const profits = strategies.map((strategy) => profitOf(strategy, kappaBps)).sort((a, b) => a - b)
    return { kappaBps, best: profits.at(-1) ?? 0, median: profits[Math.floor(STRATEGIES / 2)] ?? 0 }
  })
}

function chartOf(points: ReturnType<typeof simulate>): string {
  const [width, height, left, top, right, bottom] = [720, 400, 70, 40, 690, 340]
  const [low, high] = [-1_000, 1_000]
  const x = (kappaBps: number): number => left + ((right - left) * kappaBps) / 14_000
  const y = (profit: number): number =>
    top + ((bottom - top) * (high - Math.max(low, Math.min(high, profit)))) / (high - low)
  const line = (of: (point: (typeof points)[number]) => number): string =>
    points.map((point) => `${x(point.kappaBps).toFixed(1)},${y(of(point)).toFixed(1)}`).join(' ')
  const ticks = [-10, -5, 0, 5, 10].map(
    (percent) =>
      `<line x1="${left}" x2="${right}" y1="${y(percent * 100)}" y2="${y(percent * 100)}" class="grid"/><text x="${left - 8}" y="${y(percent * 100) + 4}" text-anchor="end">${percent} %</text>`,
  )
  const marks = [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4].map(
    (kappa) => `<text x="${x(kappa * 10_000)}" y="${bottom + 20}" text-anchor="middle">${kappa}</text>`,
  )
  const limit = x(standard.rewards.kappaBps)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Profit of wash trading against kappa">
<style>
text { font: 13px sans-serif; fill: #333 } .grid { stroke: #ccc } .best { stroke: #b3261e; stroke-width: 2.5; fill: none }
.median { stroke: #666; stroke-width: 1.5; fill: none; stroke-dasharray: 5 4 } .kappa { stroke: #1a6b3c; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #444 } .best { stroke: #ff8a80 } .median { stroke: #aaa } .kappa { stroke: #7bd6a2 } }
</style>
<text x="${left}" y="22">Profit of a requester that pays its own seats, % of the fee, ${STRATEGIES.toLocaleString('en')} strategies</text>
${ticks.join('\n')}
${marks.join('\n')}
<line x1="${limit}" x2="${limit}" y1="${top}" y2="${bottom}" class="kappa"/><text x="${limit - 6}" y="${top + 14}" text-anchor="end">κ = 0.9</text>
<polyline points="${line(({ median }) => median)}" class="median"/>
<polyline points="${line(({ best }) => best)}" class="best"/>
<text x="${left + 10}" y="${y(100)}">best strategy (line), middle one (dashes)</text>
<text x="${(left + right) / 2}" y="${height - 14}" text-anchor="middle">κ: most that rewards give back of what a workload burned</text>
</svg>
`
}

const points = simulate()
for (const { kappaBps, best, median } of points) {
  console.log(
    `κ ${(kappaBps / 10_000).toFixed(2)}   best ${(best / 100).toFixed(3)} %   middle ${(median / 100).toFixed(3)} % of the fee`,
  )
}
if (points.some(({ kappaBps, best }) => kappaBps < 10_000 && best > 0))
  throw new Error('a strategy profits with κ below one')
if (STRATEGIES === USUAL_STRATEGIES) {
  mkdirSync(join(OUT, '..'), { recursive: true })
  writeFileSync(OUT, chartOf(points))
}
