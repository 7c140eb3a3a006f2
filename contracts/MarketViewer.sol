// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "./interfaces/ICommittee.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IMarketViewer} from "./interfaces/IMarketViewer.sol";
import {IProverRegistry} from "./interfaces/IProverRegistry.sol";
import {BeaconCall} from "./libraries/BeaconCall.sol";
import {Candidate as CandidateLib} from "./libraries/Candidate.sol";
import {RankShares} from "./libraries/RankShares.sol";
import {Receipt} from "./libraries/Receipt.sol";
import {SlotWord, SlotWordLib} from "./libraries/SlotWord.sol";
import {Terms} from "./libraries/Terms.sol";

/// @title Draws and payments of workloads, recomputed from the chain's state
/// @notice Stateless and without a role: nothing depends on it, and another one can be deployed at any time.
/// EXTERNAL CALLS. Views of market, registry, committee and of the beacon of the workload's rules.
contract MarketViewer is IMarketViewer {
    using CandidateLib for uint256;

    /// @dev A draw in the making.
    struct Filling {
        uint256 tag;
        uint256 slots;
        uint256 drawn;
        bool isOver;
    }

    /// @dev What a list of seats holds: entries of proofs to be paid, in the order of ranks, and seats that waited.
    struct Found {
        uint256[] entries;
        uint256 count;
        Payee[] waiting;
        uint256 waits;
    }

    /// @dev Candidates looked at per slot.
    uint256 private constant CANDIDATES_PER_SLOT = 3;
    /// @dev Epochs after the one drawn from in which a draw is possible.
    uint256 private constant ASSIGN_EPOCHS = 3;
    uint256 private constant GWEI = 1e9;
    uint256 private constant BPS = 10_000;

    /// @notice The market.
    IMarket public immutable market;
    /// @notice Its registry.
    IProverRegistry public immutable registry;
    /// @notice Its committee.
    ICommittee public immutable committee;

    /// @param registry_ The registry; it names the others.
    constructor(IProverRegistry registry_) {
        registry = registry_;
        market = IMarket(registry_.market());
        committee = ICommittee(registry_.committee());
    }

    // ─── Draws ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IMarketViewer
    function previewDraw(Spec calldata spec) external view returns (DrawView memory) {
        bytes32 workload = market.idOf(spec);
        WorkloadState memory state = market.workloadOf(workload);
        if (state.phase != Phase.Pending) revert NotInPhase(workload, state.phase);
        return _recompute(spec, workload, state.round, state.epoch, false);
    }

    /// @inheritdoc IMarketViewer
    function reviewDraw(Spec calldata spec, uint256 round, uint256 epoch) external view returns (DrawView memory) {
        bytes32 workload = market.idOf(spec);
        WorkloadState memory state = market.workloadOf(workload);
        if (state.startedAt == 0) revert NotInPhase(workload, state.phase);
        return _recompute(spec, workload, round, epoch, true);
    }

    function _recompute(
        Spec calldata spec,
        bytes32 workload,
        uint256 round,
        uint256 epoch,
        bool isOver
    ) private view returns (DrawView memory v) {
        Terms terms = Terms.wrap(spec.terms);
        Filling memory f = Filling(terms.tag(), terms.redundancy(), 0, isOver);
        v.randomness = BeaconCall.valueOf(market.rulesOf(terms.rules()).beacon, round);
        if (v.randomness == 0) revert RoundNotKnown(round);
        v.seed = keccak256(abi.encode(v.randomness, workload));
        v.setSize = registry.activeSeats(terms.class(), epoch);
        v.offer = terms.fee() / (f.slots * terms.maxRunTime() * GWEI);
        v.agrees = true;
        v.candidates = _sequence(registry.draw(terms.class(), v.seed, epoch, 0, f.slots * CANDIDATES_PER_SLOT));
        uint256 all = v.candidates.length;
        uint256 first = all < f.slots ? all : f.slots;
        _fill(f, v, 0, first);
        if (f.drawn == f.slots) {
            // Nobody was passed over, so the market looks at nobody else.
            Candidate[] memory looked = v.candidates;
            assembly ("memory-safe") {
                mstore(looked, first)
            }
        } else {
            _fill(f, v, first, all);
            _fillSameOperator(f, v);
        }
        v.unfilled = f.slots - f.drawn;
    }

    /// @dev The candidates as the registry names them.
    function _sequence(uint256[] memory words) private pure returns (Candidate[] memory candidates) {
        candidates = new Candidate[](words.length);
        for (uint256 i; i < words.length; ++i) {
            Candidate memory c = candidates[i];
            c.seat = words[i].seat();
            c.operator = address(words[i].operator());
            c.priceFloor = words[i].priceFloor();
            c.status = SeatStatus(uint8(words[i] >> 24));
            c.slot = SlotWordLib.OPEN_SLOT;
        }
    }

    /// @dev Slots go in order to candidates that are fit, one an operator.
    function _fill(Filling memory f, DrawView memory v, uint256 from, uint256 to) private view {
        for (uint256 i = from; i < to; ++i) {
            Candidate memory c = v.candidates[i];
            if (f.drawn == f.slots) {
                c.draw = Draw.Spare;
                continue;
            }
            (bool takes, uint256 slot) = _takes(f, c.seat);
            // A seat that was drawn may have left the set since.
            bool proven = f.isOver && takes;
            bool isDrawable = c.status == SeatStatus.Active || c.status == SeatStatus.Leaving;
            if (!isDrawable && !proven) c.draw = Draw.Inactive;
            else if (c.priceFloor > v.offer && !proven) c.draw = Draw.BelowFloor;
            else if (_hasSlot(v.candidates, i)) c.draw = Draw.SameOperator;
            else _give(f, v, c, takes, slot);
        }
    }

    /// @dev What is still free goes to fit candidates whose operator has a slot.
    function _fillSameOperator(Filling memory f, DrawView memory v) private view {
        for (uint256 i; i < v.candidates.length && f.drawn < f.slots; ++i) {
            Candidate memory c = v.candidates[i];
            if (c.draw != Draw.SameOperator) continue;
            (bool takes, uint256 slot) = _takes(f, c.seat);
            _give(f, v, c, takes, slot);
        }
    }

    function _give(Filling memory f, DrawView memory v, Candidate memory c, bool takes, uint256 slot) private pure {
        c.draw = takes ? Draw.Drawn : Draw.Busy;
        if (!takes) return;
        c.slot = f.drawn++;
        if (f.isOver && slot != c.slot) v.agrees = false;
    }

    /// @dev Whether a seat has room for new work, or, after a draw, a word of this workload.
    /// @return takes Whether it has.
    /// @return slot After a draw: the slot its word names.
    function _takes(Filling memory f, uint256 seat) private view returns (bool takes, uint256 slot) {
        uint256[4] memory words = market.wordsOf(seat);
        if (f.isOver) {
            for (uint256 i; i < words.length; ++i) {
                SlotWord s = SlotWord.wrap(words[i]);
                if (s.tag() == f.tag && s.slot() != SlotWordLib.OPEN_SLOT) return (true, s.slot());
            }
            return (false, 0);
        }
        if (SlotWord.wrap(words[0]).busy()) return (false, 0);
        for (uint256 i; i < words.length; ++i) {
            if (SlotWord.wrap(words[i]).state() == SlotState.Free) return (true, 0);
        }
    }

    /// @dev Whether a candidate before `i` got a slot for the same operator.
    function _hasSlot(Candidate[] memory candidates, uint256 i) private pure returns (bool) {
        address operator = candidates[i].operator;
        while (i != 0) {
            Candidate memory c = candidates[--i];
            if (c.draw == Draw.Drawn && c.operator == operator) return true;
        }
        return false;
    }

    // ─── Ends ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IMarketViewer
    function previewEnd(Spec calldata spec, uint256[] calldata seats) external view returns (End memory end) {
        bytes32 workload = market.idOf(spec);
        WorkloadState memory state = market.workloadOf(workload);
        Rules memory rules = market.rulesOf(Terms.wrap(spec.terms).rules());
        if (state.phase == Phase.Pending) {
            uint256 lastEpoch = state.epoch + ASSIGN_EPOCHS;
            if (registry.currentEpoch() <= lastEpoch)
                revert TooEarly(block.timestamp, registry.genesis() + lastEpoch * registry.epochLength());
            end.outcome = Outcome.Unserved;
            end.refunded = state.fee - rules.settleBounty * GWEI;
            return end;
        }
        if (state.phase != Phase.Proving) revert NotInPhase(workload, state.phase);
        _checkOver(state, rules);
        (uint256 pot, uint256 winning) = _judge(end, workload, Terms.wrap(spec.terms).fee(), state, rules);
        if (end.outcome == Outcome.Unserved) end.refunded = pot;
        else _collect(end, spec, workload, state, seats, pot, winning);
        for (uint256 i; i < end.payees.length; ++i) end.paid += end.payees[i].amount;
        end.paid += end.members;
        end.burned = Terms.wrap(spec.terms).fee() - _bounties(rules) - end.paid - end.refunded;
    }

    /// @inheritdoc IMarketViewer
    function previewCancel(Spec calldata spec, uint256[] calldata seats) external view returns (End memory end) {
        bytes32 workload = market.idOf(spec);
        WorkloadState memory state = market.workloadOf(workload);
        Rules memory rules = market.rulesOf(Terms.wrap(spec.terms).rules());
        end.outcome = Outcome.Cancelled;
        if (state.phase == Phase.Pending) {
            if (!BeaconCall.isOpen(rules.beacon, state.round)) revert NotCancellable(workload);
            end.refunded = state.fee;
            return end;
        }
        if (state.phase != Phase.Proving) revert NotInPhase(workload, state.phase);
        bool isClosed = state.closedEarly || block.timestamp > state.deadline;
        if (isClosed || state.commits != 0 || state.cancelRequestedAt == 0) revert NotCancellable(workload);
        uint256 from = state.cancelRequestedAt + rules.cancelDelay;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        Found memory found = _find(workload, seats, 0, true);
        uint256 have = found.waits == state.accepted ? seats.length : found.waits;
        if (have != state.accepted) revert ListIncomplete(have, state.accepted);
        end.payees = found.waiting;
        _compensate(end, Terms.wrap(spec.terms), block.timestamp - state.startedAt, rules, found.waits);
    }

    /// @dev What a cancel `elapsed` seconds after the draw pays the `waits` payees, refunds and burns.
    function _compensate(End memory end, Terms terms, uint256 elapsed, Rules memory rules, uint256 waits) private pure {
        uint256 pot = _potOf(terms.fee(), rules, false);
        uint256 each = (pot * elapsed) / (terms.maxRunTime() * terms.redundancy());
        for (uint256 i; i < waits; ++i) end.payees[i].amount = each;
        end.paid = each * waits;
        end.refunded = pot - end.paid;
        end.burned = terms.fee() - _bounties(rules) - pot;
    }

    /// @inheritdoc IMarketViewer
    function reviewEnd(
        Spec calldata spec,
        uint256 burned,
        uint256[] calldata entries
    ) external view returns (End memory end) {
        bytes32 workload = market.idOf(spec);
        Terms terms = Terms.wrap(spec.terms);
        Rules memory rules = market.rulesOf(terms.rules());
        uint256 kept = market.receiptOf(workload);
        if (kept == 0 || kept != Receipt.hash(workload, burned, entries) & Receipt.MASK)
            revert ReceiptUnknown(workload);
        end.outcome = Outcome.Proven;
        end.burned = burned;
        end.entries = entries;
        end.paid = terms.fee() - _bounties(rules) - burned;
        (, , , , , bool judged) = market.programOf(spec.program);
        uint256 pot = _potOf(terms.fee(), rules, judged);
        end.payees = _ranked(entries, pot, terms.redundancy(), entries.length);
        end.members = end.paid;
        for (uint256 i; i < end.payees.length; ++i) end.members -= end.payees[i].amount;
    }

    /// @dev Reverts while commits or reveals are possible that could change the end.
    function _checkOver(WorkloadState memory state, Rules memory rules) private view {
        bool isClosed = state.closedEarly || block.timestamp > state.deadline;
        if (!isClosed) revert TooEarly(block.timestamp, state.deadline + 1);
        uint256 last = state.deadline + rules.revealDelay + rules.revealWindow;
        bool allRevealed = state.valid + state.revealed + state.invalid == state.commits;
        if (!allRevealed && block.timestamp <= last) revert TooEarly(block.timestamp, last + 1);
    }

    /// @dev Decides the outcome, what the committee's members get, and whose proofs are to be paid.
    /// @return pot For the ranks.
    /// @return winning Bits by commit order.
    function _judge(
        End memory end,
        bytes32 workload,
        uint256 fee,
        WorkloadState memory state,
        Rules memory rules
    ) private view returns (uint256 pot, uint256 winning) {
        end.outcome = _outcomeOf(state);
        winning = type(uint256).max;
        if (state.revealed == 0) return (_potOf(fee, rules, false), winning);
        pot = _potOf(fee, rules, true);
        ICommittee.Conclusion memory c = committee.conclusionOf(workload);
        if (!c.judged) {
            end.outcome = Outcome.Unjudged;
            return (pot / 2, winning);
        }
        end.members = (_committeeShareOf(fee, rules) / c.parts) * c.payees.length;
        end.outcome = c.valid == 0 ? Outcome.InvalidProof : Outcome.Proven;
        return (pot, c.valid);
    }

    function _outcomeOf(WorkloadState memory state) private pure returns (Outcome) {
        if (state.valid + state.revealed != 0) return Outcome.Proven;
        if (state.invalid != 0) return Outcome.InvalidProof;
        if (state.commits != 0) return Outcome.NotRevealed;
        if (state.accepted != 0 || state.failReason == FailReason.OutOfTime) return Outcome.TimedOut;
        if (state.failReason == FailReason.ProgramFailed) return Outcome.ProgramFailed;
        return state.failReason == FailReason.InputsUnavailable ? Outcome.InputsUnavailable : Outcome.Unserved;
    }

    /// @dev Ranks the listed seats' valid proofs and compensates seats that waited when the requester released.
    function _collect(
        End memory end,
        Spec calldata spec,
        bytes32 workload,
        WorkloadState memory state,
        uint256[] calldata seats,
        uint256 pot,
        uint256 winning
    ) private view {
        Found memory found = _find(workload, seats, winning, state.dutyEnded);
        _checkListed(state, winning, found.count, found.waits);
        _shorten(found.entries, found.count);
        end.payees = _ranked(found.entries, pot, state.redundancy, found.count);
        if (found.waits != 0) _compensate(end, found, pot, Terms.wrap(spec.terms).maxRunTime(), state);
        if (end.outcome == Outcome.Proven) end.entries = _paidOf(found.entries, end.payees);
    }

    function _find(
        bytes32 workload,
        uint256[] calldata seats,
        uint256 winning,
        bool released
    ) private view returns (Found memory found) {
        found.entries = new uint256[](seats.length);
        found.waiting = new Payee[](seats.length);
        for (uint256 i; i < seats.length; ++i) {
            // The market frees a seat when it first meets it; what the list says again changes nothing.
            if (_isRepeated(seats, i)) continue;
            SlotView memory s = market.slotOf(workload, seats[i]);
            bool isDue = s.state == SlotState.Revealed && (winning >> s.order) & 1 == 1;
            if (s.state == SlotState.Valid || isDue) {
                uint256 key = s.order + (s.slot == SlotWordLib.OPEN_SLOT ? Receipt.OPEN_RANK : 0);
                _insert(found.entries, found.count++, Receipt.entry(key, seats[i], s.payload));
            } else if (released && s.held && s.state == SlotState.Accepted) {
                found.waiting[found.waits++] = Payee(seats[i], address(s.payload), 0, 0);
            }
        }
    }

    function _isRepeated(uint256[] calldata seats, uint256 i) private pure returns (bool repeated) {
        for (uint256 k; k < i && !repeated; ++k) repeated = seats[k] == seats[i];
    }

    /// @dev Settling needs every proof that is to be paid, and after a release every seat that waits.
    function _checkListed(WorkloadState memory state, uint256 winning, uint256 count, uint256 waits) private pure {
        uint256 want = state.valid;
        if (state.revealed != 0) {
            want = state.revealed;
            if (winning != type(uint256).max) {
                want = 0;
                for (uint256 bits = winning; bits != 0; bits >>= 1) want += bits & 1;
            }
        }
        if (count != want) revert ListIncomplete(count, want);
        uint256 wanted = state.dutyEnded ? state.accepted - state.committedOwn : 0;
        if (waits != wanted) revert ListIncomplete(waits, wanted);
    }

    /// @dev Gives ranks in order: an operator has at most one through an open slot, and none if it has another.
    function _ranked(
        uint256[] memory entries,
        uint256 pot,
        uint256 ranks,
        uint256 count
    ) private pure returns (Payee[] memory payees) {
        payees = new Payee[](count);
        uint256 sum = RankShares.total(ranks);
        uint256 rank;
        for (uint256 i; i < count; ++i) {
            uint256 entry = entries[i];
            bool again;
            for (uint256 k; k < i; ++k) again = again || payees[k].operator == address(Receipt.operator(entry));
            payees[i] = Payee(Receipt.seat(entry), address(Receipt.operator(entry)), 0, 0);
            if (rank == ranks || (again && Receipt.isOpen(entry))) continue;
            payees[i].amount = RankShares.share(pot, rank, sum);
            payees[i].rank = ++rank;
        }
    }

    /// @dev Seats that waited share what no rank got, up to what a cancel would have paid each.
    function _compensate(
        End memory end,
        Found memory found,
        uint256 pot,
        uint256 maxRunTime,
        WorkloadState memory state
    ) private pure {
        uint256 ranked = end.payees.length;
        uint256 unfilled = pot;
        for (uint256 i; i < ranked; ++i) unfilled -= end.payees[i].amount;
        uint256 each = (pot * (state.deadline - state.startedAt)) / (maxRunTime * state.redundancy);
        if (each > unfilled / found.waits) each = unfilled / found.waits;
        Payee[] memory all = new Payee[](ranked + found.waits);
        for (uint256 i; i < ranked; ++i) all[i] = end.payees[i];
        for (uint256 i; i < found.waits; ++i) {
            all[ranked + i] = found.waiting[i];
            all[ranked + i].amount = each;
        }
        end.payees = all;
    }

    /// @dev The entries that have a rank.
    function _paidOf(uint256[] memory entries, Payee[] memory payees) private pure returns (uint256[] memory paid) {
        paid = new uint256[](entries.length);
        uint256 count;
        for (uint256 i; i < entries.length; ++i) if (payees[i].rank != 0) paid[count++] = entries[i];
        _shorten(paid, count);
    }

    function _insert(uint256[] memory entries, uint256 count, uint256 entry) private pure {
        for (; count != 0 && entries[count - 1] > entry; --count) entries[count] = entries[count - 1];
        entries[count] = entry;
    }

    function _shorten(uint256[] memory list, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    // ─── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _potOf(uint256 fee, Rules memory rules, bool judged) private pure returns (uint256 pot) {
        pot = fee - (fee * rules.baseBurnBps) / BPS - _bounties(rules);
        if (judged) pot -= _committeeShareOf(fee, rules);
    }

    function _committeeShareOf(uint256 fee, Rules memory rules) private pure returns (uint256) {
        return (fee * rules.committeeBps) / BPS;
    }

    function _bounties(Rules memory rules) private pure returns (uint256) {
        return (uint256(rules.assignBounty) + rules.settleBounty) * GWEI;
    }
}
