import { expect } from 'chai'
import { AbiCoder, id, keccak256 } from 'ethers'
import fc from 'fast-check'
import { activeSetAfter } from '../../sdk/src/chain/activeSet.js'
import { commitmentOf } from '../../sdk/src/chain/commitment.js'
import { fillSlots, offerOf, permutationPrefix, type Candidate } from '../../sdk/src/chain/draw.js'
import type { RegistryEvent } from '../../sdk/src/chain/events.js'
import { toAddress, toBytes32, toWorkloadId, type Address, type Bytes32, type Hex } from '../../sdk/src/chain/hex.js'
import { cancelCompensation, rankShares, releaseCompensation, splitFee } from '../../sdk/src/chain/rewards.js'
import { packTerms, unpackTerms } from '../../sdk/src/chain/terms.js'
import { minimumFeeOf } from '../../sdk/src/chain/rules.js'
import { thrown } from '../support/thrown.js'

const amount = fc.bigInt({ min: 0n, max: 2n ** 80n - 1n })
const whole = (bits: number) => fc.integer({ min: 0, max: Math.min(2 ** bits - 1, 2 ** 31) })
const OPERATORS = ['11', '22', '33', '44'].map((byte) => `0x${byte.repeat(20)}` as Address)

describe('chain: mirrors of the contracts', () => {
  it('terms survive packing', () => {
    const terms = fc.record({
      fee: amount,
      maxRunTime: whole(24),
      redundancy: whole(8),
      rescue: whole(8),
      class: whole(8),
      rules: whole(16),
      nonce: whole(32),
      account: whole(32),
    })
    fc.assert(fc.property(terms, (value) => void expect(unpackTerms(packTerms(value))).to.deep.equal(value)))
    // Every field ends where the next begins, as in Terms.sol.
    expect(
      packTerms({ fee: 1n, maxRunTime: 2, redundancy: 3, rescue: 4, class: 5, rules: 6, nonce: 7, account: 8 }),
    ).to.equal(
      1n | (2n << 80n) | (3n << 104n) | (4n << 112n) | (5n << 120n) | (6n << 128n) | (7n << 144n) | (8n << 176n),
    )
    expect(() => packTerms({ ...unpackTerms(0n), redundancy: 256 })).to.throw(RangeError)
  })

  it('ranks earn less and less, and never more than the pot', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 8 }), (pot, ranks) => {
        const shares = rankShares(pot, ranks)
        const sum = shares.reduce((total, share) => total + share, 0n)
        expect(shares).to.have.length(ranks)
        expect(sum <= pot && pot - sum < BigInt(ranks)).to.equal(true)
        shares.forEach((share, index) => expect(share >= (shares[index + 1] ?? 0n)).to.equal(true))
      }),
    )
    expect(rankShares(190_625n, 3)).to.deep.equal([78_125n, 62_500n, 50_000n])
    expect(rankShares(1n, 1)).to.deep.equal([1n])
    for (const ranks of [0, 9, 1.5]) expect(() => rankShares(1n, ranks)).to.throw(RangeError)
  })

  it('a fee splits without loss', () => {
    const rules = { baseBurnBps: 500, assignBounty: 3n, settleBounty: 4n, committeeBps: 400 }
    const parts = { baseBurn: 50n, assignBounty: 3n, settleBounty: 4n }
    expect(splitFee(1_019n, rules)).to.deep.equal({ ...parts, committee: 0n, pot: 962n })
    expect(splitFee(1_019n, rules, true)).to.deep.equal({ ...parts, committee: 40n, pot: 922n })
    fc.assert(
      fc.property(amount, fc.boolean(), (fee, judged) => {
        const split = splitFee(fee, rules, judged)
        const sum = split.baseBurn + split.assignBounty + split.settleBounty + split.committee + split.pot
        expect(sum).to.equal(fee)
      }),
    )
    expect(minimumFeeOf({ minimumFee: 100n, minimumRate: 2n, rules: 1 }, 10, 4)).to.equal(400n)
    expect(minimumFeeOf({ minimumFee: 100n, minimumRate: 2n, rules: 1 }, 60, 6)).to.equal(720n)
  })

  it('compensations stay within what is there', () => {
    fc.assert(
      fc.property(
        amount,
        whole(17),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 86_400 }),
        (pot, time, slots, run) => {
          const elapsed = Math.min(time, run)
          const cancelled = cancelCompensation(pot, elapsed, run, slots)
          expect(cancelled * BigInt(slots) <= pot).to.equal(true)
          expect(releaseCompensation(cancelled, pot / 3n, slots) * BigInt(slots) <= pot / 3n).to.equal(true)
        },
      ),
    )
    expect(releaseCompensation(100n, 100n, 0)).to.equal(0n)
  })

  it('a commitment is the low 160 bits of the hash of its parts', () => {
    const parts = {
      proofDigest: id('p') as Hex,
      operator: OPERATORS[0]!,
      workload: id('w') as Hex,
      seat: 7,
      salt: id('s') as Hex,
    }
    const types = ['bytes32', 'address', 'bytes32', 'uint256', 'bytes32']
    const values = [parts.proofDigest, parts.operator, parts.workload, parts.seat, parts.salt]
    const hash = keccak256(AbiCoder.defaultAbiCoder().encode(types, values))
    expect(commitmentOf(parts)).to.equal(BigInt(`0x${hash.slice(-40)}`))
    expect(commitmentOf({ ...parts, operator: OPERATORS[1]! })).not.to.equal(commitmentOf(parts))
  })

  it('a draw is a prefix of a permutation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 24 }), fc.nat(), (n, length, salt) => {
        const seed = id(String(salt)) as Bytes32
        const prefix = permutationPrefix(seed, n, length)
        expect(prefix).to.have.length(Math.min(n, length))
        expect(new Set(prefix).size).to.equal(prefix.length)
        expect(prefix.every((position) => position >= 0 && position < n)).to.equal(true)
        // A longer draw starts with the shorter one.
        expect(permutationPrefix(seed, n, length + 3).slice(0, prefix.length)).to.deep.equal(prefix)
      }),
    )
  })

  it('slots go to fit candidates in order, to other operators first', () => {
    const candidate = (seat: number, operator: number, change: Partial<Candidate> = {}): Candidate => ({
      seat,
      operator: OPERATORS[operator]!,
      priceFloor: 5n,
      status: 'Active',
      ...change,
    })
    const fill = (sequence: Candidate[], redundancy: number, busy: number[] = []) =>
      fillSlots(sequence, { redundancy, offer: 10n, busy: (seat) => busy.includes(seat) }).map(
        ({ seat, draw, slot }) => `${seat} ${draw} ${slot}`,
      )
    // Nobody is passed over: the rest of the sequence is not even looked at.
    expect(fill([candidate(1, 0), candidate(2, 1), candidate(3, 2)], 2)).to.deep.equal(['1 Drawn 0', '2 Drawn 1'])
    expect(
      fill(
        [
          candidate(1, 0, { priceFloor: 11n }),
          candidate(2, 1, { status: 'Dropped' }),
          candidate(3, 2, { status: 'Leaving' }),
          candidate(4, 3),
          candidate(5, 2),
          candidate(6, 0),
        ],
        2,
        [4],
      ),
    ).to.deep.equal(['1 BelowFloor 15', '2 Inactive 15', '3 Drawn 0', '4 Busy 15', '5 SameOperator 15', '6 Drawn 1'])
    // One operator alone: it gets every slot, but only in the second round.
    expect(fill([candidate(1, 0), candidate(2, 0), candidate(3, 0)], 2)).to.deep.equal([
      '1 Drawn 0',
      '2 Drawn 1',
      '3 SameOperator 15',
    ])
    expect(offerOf({ fee: 60n * 10n ** 9n, maxRunTime: 10, redundancy: 3 })).to.equal(2n)
  })

  it('the active set follows joins and leaves position by position', () => {
    const event = (name: RegistryEvent['name'], seat: number, hardwareClass = 1) =>
      ({ contract: 'registry', name, args: { seat, class: hardwareClass } }) as unknown as RegistryEvent
    const enter = (seat: number, hardwareClass = 1) => [event('Staked', seat, hardwareClass), event('Joined', seat)]
    const events = [...enter(1), ...enter(2), ...enter(3), ...enter(4, 2), event('Left', 1)]
    expect(activeSetAfter(events, 1)).to.deep.equal([3, 2])
    expect(activeSetAfter(events, 2)).to.deep.equal([4])
    // A seat that is out already moves nobody; one that comes back goes to the end.
    expect(activeSetAfter([...events, event('Slashed', 1), event('Joined', 1)], 1)).to.deep.equal([3, 2, 1])
    expect(activeSetAfter([...events, event('Dropped', 2), event('Left', 3)], 1)).to.deep.equal([])
  })

  it('hexadecimal values are checked where they enter', () => {
    const lower = `0x${'ab'.repeat(20)}`
    expect(toAddress(lower).toLowerCase()).to.equal(lower)
    expect(toWorkloadId(`0x${'AB'.repeat(32)}`)).to.equal(`0x${'ab'.repeat(32)}`)
    for (const text of ['', '0x12', 'nonsense', `0x${'zz'.repeat(20)}`, toAddress(lower).replace('b', 'B')]) {
      expect(thrown(() => toAddress(text)).code).to.equal('CHAIN_HEX_INVALID')
      expect(thrown(() => toBytes32(text)).code).to.equal('CHAIN_HEX_INVALID')
    }
  })
})
