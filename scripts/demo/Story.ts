import { formatEther } from 'ethers'

import { isIn, type GevulotEvent, OPEN_SLOT } from '../../sdk/src/chain/index.js'
import { pad, paint, widthOf } from './paint.js'
import { Screen } from './Screen.js'

/** The stages of a workload, in the network's words. */
const STAGES = ['submit', 'assign', 'run', 'commit', 'reveal', 'verify', 'rank', 'pay', 'retrieve'] as const
type Stage = (typeof STAGES)[number]

/** What is known of a seat in a workload. */
interface Part {
  readonly name: string
  readonly open: boolean
  text: string
}

interface Tale {
  readonly number: number
  readonly title: string
  stage: Stage
  over: boolean
  readonly parts: Map<number, Part>
  ending: string
}

/** A token amount for people. */
export function tokens(amount: bigint): string {
  const [whole = '0', fraction = ''] = formatEther(amount).split('.')
  // A bounty is a fraction of a hundredth: show it rather than a zero.
  const digits = amount > 0n && amount < 10n ** 16n ? 4 : 2
  return `${whole}.${fraction.padEnd(digits, '0').slice(0, digits)}`
}

/** The proofs of a verdict, for people. */
function validProofs(valid: number): string {
  const orders = Array.from({ length: 31 }, (_, order) => order).filter((order) => isIn(valid, order))
  return orders.length === 0 ? 'none' : `proof${orders.length > 1 ? 's' : ''} ${orders.join(', ')}`
}

/** Turns the chain's events into lines and a timeline that a person can follow. */
export class Story {
  readonly screen: Screen
  readonly #tales = new Map<string, Tale>()
  /** Events that came before their workload was announced. */
  readonly #early: GevulotEvent[] = []
  readonly #seats = new Map<number, string>()
  /** Seats that have to qualify before they join. */
  readonly #waiting = new Set<number>()
  readonly #votes = new Map<string, readonly { readonly valid: number }[]>()
  readonly #nameOf: (operator: string) => string
  readonly #started = Date.now()

  /** @param nameOf The name of an operator. */
  constructor(nameOf: (operator: string) => string) {
    this.#nameOf = nameOf
    this.screen = new Screen(() => this.#panel())
  }

  /** Announces a workload before its events arrive. */
  announce(workload: string, title: string): void {
    const number = this.#tales.size + 1
    this.#tales.set(workload, { number, title, stage: 'submit', over: false, parts: new Map(), ending: '' })
    for (const event of this.#early.splice(0)) this.#tellOf(event)
  }

  /** The requester holds a valid proof of a workload. */
  inHand(workload: string, sealed: boolean): void {
    const tale = this.#tales.get(workload)
    if (tale === undefined) return
    const how = sealed ? 'sealed to it by the prover, before anything is revealed' : 'from the chain'
    this.#tell(tale, `${paint.good('the requester holds a valid proof')} ${paint.faint(`(${how})`)}`)
  }

  /** Marks a workload's proof as fetched and verified; `byContract`: also by its verifier contract. */
  retrieved(workload: string, byContract = true): void {
    const tale = this.#tales.get(workload)
    if (tale === undefined) return
    this.#reach(tale, 'retrieve')
    this.#tell(
      tale,
      paint.good(
        `proof fetched, its digest checked, verified by the verifier program${byContract ? ' and by the contract' : ''}`,
      ),
    )
  }

  /** Takes the next event. */
  see(event: GevulotEvent): void {
    this.#seeRegistry(event)
    this.#tellOf(event)
  }

  /** The requester waited in vain for as many proofs as it paid for. */
  tooFew(workload: string): void {
    const tale = this.#tales.get(workload)
    if (tale !== undefined) this.#tell(tale, paint.warn('the requester got fewer proofs than it paid for'))
  }

  #tellOf(event: GevulotEvent): void {
    if (!('workload' in event.args)) return
    const tale = this.#tales.get(event.args.workload)
    if (tale === undefined) this.#early.push(event)
    else this.#seeMarket(tale, event)
  }

  #seeRegistry(event: GevulotEvent): void {
    switch (event.name) {
      case 'Staked':
        this.#seats.set(event.args.seat, this.#nameOf(event.args.operator))
        break
      case 'Slashed': {
        const { seat, amount, bounty } = event.args
        this.#say(
          `${paint.bad('slashed')} ${this.#name(seat)} for silence: ${tokens(amount)} of its bond, ` +
            `${tokens(bounty)} to the reporter, the rest burns`,
        )
        break
      }
      case 'Waiting':
        this.#waiting.add(event.args.seat)
        this.#say(`${this.#name(event.args.seat)} staked a seat, which waits for the next check`)
        break
      case 'Joined':
        if (this.#waiting.delete(event.args.seat)) {
          this.#say(`${this.#name(event.args.seat)} ${paint.good('solved the puzzle and joined')} the active set`)
        }
        break
      case 'Evicted': {
        const { seat, evictor, charge, bounty } = event.args
        this.#say(
          `${paint.bad('evicted')} ${this.#name(seat)}, which did not answer: ${tokens(charge)} of its bond, ` +
            `${tokens(bounty)} to ${this.#nameOf(evictor)}, the rest burns`,
        )
        break
      }
      case 'Dropped':
        this.#say(`${paint.warn('dropped')} ${this.#name(event.args.seat)} from the active set`)
        break
      default:
    }
  }

  #seeMarket(tale: Tale, event: GevulotEvent): void {
    switch (event.name) {
      case 'Submitted':
        this.#tell(tale, 'submitted, its fee is locked; the draw waits for a future beacon round')
        break
      case 'Assigned': {
        this.#reach(tale, 'assign')
        const drawn = event.args.candidates.filter(({ draw }) => draw === 'Drawn')
        const passed = event.args.candidates.filter(({ draw }) => draw !== 'Drawn' && draw !== 'Spare')
        for (const { seat } of drawn) this.#part(tale, seat, false).text = 'drawn'
        const passes = passed.map(({ seat, draw }) => `${this.#name(seat)} (${draw})`)
        this.#tell(
          tale,
          `drawn: ${drawn.map(({ seat }) => this.#name(seat)).join(', ') || 'nobody'}` +
            (passes.length > 0 ? paint.faint(`; passed over: ${passes.join(', ')}`) : ''),
        )
        this.#reach(tale, 'run')
        break
      }
      case 'Accepted':
        this.#part(tale, event.args.seat, false).text = 'running'
        break
      case 'Declined':
        this.#part(tale, event.args.seat, false).text = paint.warn('declined')
        this.#tell(tale, `${this.#name(event.args.seat)} ${paint.warn('declined')}: its slot is open to all`)
        break
      case 'Failed':
        this.#part(tale, event.args.seat, false).text = paint.warn('failed')
        this.#tell(tale, `${this.#name(event.args.seat)} ${paint.warn('failed')} (${event.args.reason})`)
        break
      case 'Committed': {
        const open = event.args.slot === OPEN_SLOT
        this.#part(tale, event.args.seat, open).text = 'committed'
        this.#reach(tale, 'commit')
        this.#tell(tale, `${this.#name(event.args.seat)} committed${open ? ' to an open slot' : ''}`)
        break
      }
      case 'CommitsClosed':
        this.#tell(
          tale,
          event.args.released ? 'released by the requester: it holds its proofs' : 'every slot is committed',
        )
        break
      case 'Revealed': {
        const { seat, valid } = event.args
        this.#part(tale, seat, false).text = valid ? paint.good('valid') : paint.bad('invalid')
        this.#reach(tale, 'verify')
        this.#tell(tale, `${this.#name(seat)} revealed ${valid ? paint.good('a valid proof') : paint.bad('junk')}`)
        break
      }
      case 'RevealedToCommittee': {
        const { seat, order } = event.args
        this.#part(tale, seat, false).text = 'revealed'
        this.#reach(tale, 'reveal')
        this.#tell(tale, `${this.#name(seat)} revealed proof ${order} to the committee that is to be drawn`)
        break
      }
      case 'CommitteeDrawn': {
        const members = Map.groupBy(event.args.seats, (seat) => this.#name(seat))
        const list = [...members].map(([name, seats]) => (seats.length > 1 ? `${name} ×${seats.length}` : name))
        this.#tell(tale, `a committee is drawn: ${list.join(', ')}; five equal opinions decide each proof`)
        break
      }
      case 'Voted':
        this.#votes.set(event.args.workload, [...(this.#votes.get(event.args.workload) ?? []), event.args])
        break
      case 'VerdictReached': {
        const votes = Map.groupBy(this.#votes.get(event.args.workload) ?? [], ({ valid }) => valid)
        const list = [...votes].map(([valid, by]) => `${by.length} find ${validProofs(valid)} valid`)
        this.#reach(tale, 'verify')
        this.#tell(
          tale,
          `verdict: ${paint.good(`${validProofs(event.args.valid)} valid`)} ${paint.faint(`(${list.join(', ')})`)}`,
        )
        break
      }
      case 'Judged':
        this.#tell(
          tale,
          `${event.args.members} members answered and earn ${tokens(event.args.each)} each, whatever they found`,
        )
        break
      case 'SlotSettled': {
        const { seat, rank, paid } = event.args
        const text = rank > 0 ? `#${rank} ${tokens(paid)}` : paid > 0n ? `+${tokens(paid)}` : 'no rank'
        this.#part(tale, seat, false).text = rank > 0 ? paint.good(text) : text
        this.#reach(tale, 'rank')
        this.#tell(tale, `${this.#name(seat)} ${rank > 0 ? paint.good(`rank ${rank}, paid ${tokens(paid)}`) : text}`)
        break
      }
      case 'Finished': {
        const { outcome, paid, refunded, burned } = event.args
        this.#reach(tale, 'pay')
        tale.over = true
        tale.ending = outcome === 'Proven' ? paint.good(outcome) : paint.bad(outcome)
        const parts = [`paid ${tokens(paid)}`, `burned ${tokens(burned)}`]
        if (refunded > 0n) parts.push(`refunded ${tokens(refunded)}`)
        this.#tell(tale, `${tale.ending}: ${parts.join(', ')}`)
        break
      }
      default:
    }
  }

  #part(tale: Tale, seat: number, open: boolean): Part {
    const known = tale.parts.get(seat)
    if (known !== undefined) return known
    const part = { name: this.#name(seat), open, text: '' }
    tale.parts.set(seat, part)
    return part
  }

  #name(seat: number): string {
    return paint.strong(this.#seats.get(seat) ?? `seat ${seat}`)
  }

  #reach(tale: Tale, stage: Stage): void {
    if (STAGES.indexOf(stage) > STAGES.indexOf(tale.stage)) tale.stage = stage
  }

  #tell(tale: Tale, text: string): void {
    this.#say(`${paint.accent(`workload ${tale.number}`)}  ${text}`)
  }

  #say(text: string): void {
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(1)
    this.screen.line(`${paint.faint(`${seconds.padStart(6)}s`)}  ${text}`)
  }

  #panel(): string[] {
    if (this.#tales.size === 0) return []
    return ['', ...[...this.#tales.values()].flatMap((tale) => this.#timeline(tale)), '']
  }

  #timeline(tale: Tale): string[] {
    const reached = STAGES.indexOf(tale.stage)
    const wide = Screen.columns >= 110
    const marks = STAGES.map((stage, index) => {
      const mark = wide ? stage : index <= reached ? '●' : '○'
      if (index < reached || tale.over) return index <= reached ? paint.good(mark) : paint.faint(mark)
      return index === reached ? paint.warn(mark) : paint.faint(mark)
    }).join(wide ? paint.faint('─') : '')
    const head = `${paint.accent(String(tale.number))} ${pad(tale.title, 20)} ${marks}${wide ? '' : ` ${pad(tale.stage, 8)}`} ${tale.ending}`
    const parts = [...tale.parts.values()].map(
      ({ name, open, text }) => `${name}${open ? paint.faint('*') : ''} ${text}`,
    )
    const line = `    ${parts.join('   ')}`
    return parts.length > 0 && widthOf(line) > 4 ? [head, line] : [head]
  }
}
