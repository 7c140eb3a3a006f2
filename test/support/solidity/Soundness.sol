// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Committee} from "../../../contracts/Committee.sol";
import {ICommitteeTypes} from "../../../contracts/interfaces/ICommittee.sol";
import {ProverRegistry} from "../../../contracts/ProverRegistry.sol";
import {IMarket} from "../../../contracts/interfaces/IMarket.sol";
import {IProverRegistry, IProverRegistryTypes} from "../../../contracts/interfaces/IProverRegistry.sol";
import {ISeatHolder} from "../../../contracts/interfaces/ISeatHolder.sol";
import {Terms} from "../../../contracts/libraries/Terms.sol";
import {Witness} from "./Witness.sol";

/// @title The invariants of docs/invariants.md, asserted on what a unit test left behind
/// @notice Money and rules are computed from events and terms, with code of its own. Last of all it ends the world as anybody could, so whoever asks
/// for {check} can go on with nothing.
contract Soundness is Witness {
    uint256 private constant GWEI = 1e9;
    uint256 private constant BPS = 10_000;
    /// @dev Commits that one workload holds.
    uint256 private constant MAX_COMMITS = 31;
    /// @dev No judging takes more steps: three attempts of two, an appeal of three.
    uint256 private constant JUDGING_STEPS = 12;

    /// @dev Where everything goes in the end.
    address private immutable _sink = account("sink");

    constructor(
        IMarket market_,
        ProverRegistry registry_,
        Committee committee_,
        ERC20Burnable token_
    ) Witness(market_, registry_, committee_, token_) {}

    /// @notice Asserts all of them. What it changes shows that locked bonds stay, that open slots take commits and that everything can be ended.
    function check() external {
        checkBooks();
        _checkCooldown();
        _checkBonds();
        for (uint256 i; i < workloads.length; ++i) {
            _checkTerms(workloads[i]);
            checkFrozen(workloads[i]);
            _checkMembers(workloads[i]);
            Seen storage s = seenOf[workloads[i]];
            if (s.endedAt == 0) {
                _checkOpenSlots(workloads[i], s);
                continue;
            }
            _checkFee(s, workloads[i]);
            _checkRanks(s, workloads[i]);
            if (s.outcome == Outcome.Cancelled && s.startedAt != 0) _checkCancel(s, workloads[i]);
        }
        _endEverything();
    }

    /// @notice INV-01, INV-19: market, registry and committee hold what they owe, to the wei.
    function checkBooks() public view {
        uint256 owed;
        uint256 bonds;
        uint256 owedByCommittee;
        for (uint256 i; i < accounts.length; ++i) {
            (uint256 balance, , uint256 toBurn) = market.accountOf(accounts[i]);
            owed += balance + toBurn;
            (uint256 bounty, uint256 slashed) = registry.reports(accounts[i]);
            bonds += bounty + slashed;
            owedByCommittee += committee.owed(accounts[i]);
        }
        for (uint256 i; i < workloads.length; ++i) {
            Seen storage s = seenOf[workloads[i]];
            WorkloadState memory state = market.workloadOf(workloads[i]);
            if (state.phase == Phase.Final) continue;
            uint256 fee = Terms.wrap(s.spec.terms).fee();
            owed += state.phase == Phase.Pending ? fee : fee - _rulesOf(s).assignBounty * GWEI;
            owedByCommittee += committee.judgmentOf(workloads[i]).bond;
        }
        for (uint256 i; i < stakedSeats.length; ++i) bonds += registry.seatOf(stakedSeats[i]).bond;
        assertEq(token.balanceOf(address(market)), owed, "INV-01 the market holds what it owes");
        assertEq(token.balanceOf(address(registry)), bonds, "INV-01 the registry holds what it owes");
        assertEq(token.balanceOf(address(committee)), owedByCommittee, "INV-19 the committee holds what it owes");
    }

    /// @dev INV-11, for all rules.
    function _checkCooldown() private view {
        for (uint256 i = 1; i <= rulesCount; ++i) {
            Rules memory r = market.rulesOf(i);
            uint256 longest = (ASSIGN_EPOCHS + 1) * registry.epochLength() + 1 days;
            longest += uint256(r.silenceWindow) + r.revealDelay + r.revealWindow;
            assertLt(longest, registry.cooldown(), "INV-11 the cooldown outlasts every workload");
        }
    }

    /// @dev INV-09: no bond leaves while its seat is active, inactive, at work or cooling down.
    function _checkBonds() private {
        for (uint256 i; i < stakedSeats.length; ++i) {
            uint256 seat = stakedSeats[i];
            IProverRegistryTypes.Seat memory s = registry.seatOf(seat);
            if (s.operator == address(0)) continue;
            bool isOut = s.status == IProverRegistryTypes.SeatStatus.Leaving;
            isOut = isOut || s.status == IProverRegistryTypes.SeatStatus.Dropped;
            bool isHeld = ISeatHolder(address(market)).isHeld(seat);
            if (isOut && block.timestamp >= s.unlockAt && !isHeld) continue;
            vm.prank(s.operator);
            (bool ok, ) = address(registry).call(abi.encodeCall(IProverRegistry.withdraw, (one(seat), _sink)));
            assertFalse(ok, "INV-09 bonds are locked while at work or cooling down");
        }
    }

    /// @dev INV-12: id, rules and counters of a workload are those of its submission.
    function _checkTerms(bytes32 workload) private view {
        Seen storage s = seenOf[workload];
        Terms terms = Terms.wrap(s.spec.terms);
        WorkloadState memory state = market.workloadOf(workload);
        assertEq(market.idOf(s.spec), workload, "INV-12 the id is the spec's");
        assertEq(keccak256(abi.encode(_rulesOf(s))), s.rules, "INV-12 the rules stay");
        if (state.phase == Phase.Final) return;
        assertEq(state.redundancy, terms.redundancy(), "INV-12 the slots stay");
        if (state.phase == Phase.Pending) {
            assertEq(state.fee, terms.fee(), "INV-12 the fee stays");
            assertEq(state.round, s.round, "INV-12 the round stays");
            assertEq(state.epoch, s.epoch, "INV-12 the set stays");
        } else {
            uint256 deadline = state.closedEarly ? s.closedAt : s.startedAt + terms.maxRunTime();
            assertEq(state.deadline, deadline, "INV-12 the deadline stays");
        }
    }

    /// @dev INV-08: an open slot takes the commit of an idle seat, of an operator that has no part in the workload, whatever stands already.
    function _checkOpenSlots(bytes32 workload, Seen storage s) private {
        WorkloadState memory state = market.workloadOf(workload);
        bool isOver = state.phase != Phase.Proving || state.closedEarly || block.timestamp > state.deadline;
        if (isOver || market.openSlots(workload) == 0) return;
        if (state.commits + state.redundancy - state.committedOwn >= MAX_COMMITS) return;
        uint256 seat = _idleSeat(workload, s);
        if (seat == 0) return;
        IProverRegistryTypes.Seat memory idle = registry.seatOf(seat);
        uint256 snapshot = vm.snapshotState();
        vm.prank(idle.operator);
        (bool ok, ) = address(market).call(abi.encodeCall(market.commitOpen, (s.spec, seat, 1)));
        assertTrue(ok, "INV-08 open slots take any eligible operator");
        vm.revertToState(snapshot);
    }

    /// @dev An active seat of the class without work, of an operator without a part in the workload; zero for none.
    function _idleSeat(bytes32 workload, Seen storage s) private view returns (uint256) {
        for (uint256 i; i < stakedSeats.length; ++i) {
            uint256 seat = stakedSeats[i];
            (address operator, uint8 class, bool isActive) = registry.standing(seat);
            if (!isActive || class != Terms.wrap(s.spec.terms).class()) continue;
            uint256[4] memory words = market.wordsOf(seat);
            bool isIdle = true;
            for (uint256 k; k < words.length; ++k) isIdle = isIdle && (words[k] >> 224) & 7 == 0;
            for (uint256 k; isIdle && k < s.seats.length; ++k)
                isIdle = partOf[workload][s.seats[k]].operator != operator;
            if (isIdle) return seat;
        }
        return 0;
    }

    /// @dev INV-02: the fee of a finished workload went somewhere, whole and once.
    function _checkFee(Seen storage s, bytes32 workload) private view {
        uint256 fee = Terms.wrap(s.spec.terms).fee();
        Rules memory r = _rulesOf(s);
        uint256 bounties;
        if (s.startedAt != 0) {
            bounties = (uint256(r.assignBounty) + r.settleBounty) * GWEI;
            assertLe((fee * r.baseBurnBps) / BPS, s.burned, "INV-02 a drawn workload burns its base burn");
        } else if (s.outcome != Outcome.Cancelled) {
            bounties = r.settleBounty * GWEI;
        }
        assertEq(uint256(market.workloadOf(workload).outcome), uint256(s.outcome), "INV-02 it ended once");
        assertEq(s.paid + s.refunded + s.burned + bounties, fee, "INV-02 every wei of a fee ends once");
        uint256 paid = s.members;
        for (uint256 i; i < s.seats.length; ++i) paid += partOf[workload][s.seats[i]].paid;
        assertEq(paid, s.paid, "INV-02 what was paid is what seats and members got");
    }

    /// @dev INV-03, INV-04, INV-05, INV-16.
    function _checkRanks(Seen storage s, bytes32 workload) private view {
        Part[] memory ranked = _rankedOf(s, workload);
        assertLe(ranked.length, Terms.wrap(s.spec.terms).redundancy(), "INV-16 no more ranks than slots");
        uint256 last = s.closedAt == 0 ? s.startedAt + Terms.wrap(s.spec.terms).maxRunTime() : s.closedAt;
        uint256 sum;
        for (uint256 i; i < ranked.length; ++i) {
            sum += ranked[i].paid;
            assertLe(s.startedAt, ranked[i].committedAt, "INV-05 no pay for commits before the draw");
            assertLe(ranked[i].committedAt, last, "INV-05 no pay for late commits");
            bool isAlone = ranked.length == 1 && s.seats.length == 1;
            assertTrue(ranked[i].hasCommitted || isAlone, "INV-16 only what was committed is paid");
            if (i == 0) continue;
            _checkStep(ranked[i - 1], ranked[i]);
            bool isOpen = ranked[i].slot == OPEN;
            for (uint256 k; isOpen && k < i; ++k)
                assertTrue(ranked[k].operator != ranked[i].operator, "INV-16 an open rank is its operator's only one");
        }
        if (s.startedAt != 0) assertLe(sum, _potOf(s), "INV-04 rewards fit the pot");
    }

    function _checkStep(Part memory better, Part memory worse) private pure {
        bool isOpen = worse.slot == OPEN;
        bool inOrder = isOpen == (better.slot == OPEN) ? better.order < worse.order : isOpen;
        assertTrue(inOrder, "INV-03 own slots before open ones, each by commit order");
        assertLt(worse.paid, better.paid, "INV-04 rewards fall with rank");
        uint256 fifthLess = (better.paid * 4) / 5;
        assertLe(fifthLess, worse.paid + 1, "INV-04 a rank earns a fifth less than the one before");
        assertLe(worse.paid, fifthLess + 1, "INV-04 a rank earns a fifth less than the one before");
    }

    /// @dev INV-03: ranks run from 1 without a gap and no two are alike.
    function _rankedOf(Seen storage s, bytes32 workload) private view returns (Part[] memory ranked) {
        uint256 count;
        for (uint256 i; i < s.seats.length; ++i) if (partOf[workload][s.seats[i]].rank != 0) ++count;
        ranked = new Part[](count);
        for (uint256 i; i < s.seats.length; ++i) {
            Part memory part = partOf[workload][s.seats[i]];
            if (part.rank == 0) continue;
            assertLe(part.rank, count, "INV-03 ranks have no gap");
            assertEq(ranked[part.rank - 1].rank, 0, "INV-03 ranks are distinct");
            ranked[part.rank - 1] = part;
        }
    }

    /// @dev INV-20: members are distinct seats, of operators that committed nothing in the workload.
    function _checkMembers(bytes32 workload) private view {
        uint256[] storage involved = seenOf[workload].seats;
        for (uint256 attempt = 1; attempt <= committee.ATTEMPTS() + 1; ++attempt) {
            (uint256[] memory members, , ) = committee.membersOf(workload, attempt);
            for (uint256 i; i < members.length; ++i) {
                for (uint256 k; k < i; ++k) assertTrue(members[k] != members[i], "INV-20 members are distinct");
                (address operator, , ) = registry.standing(members[i]);
                for (uint256 k; k < involved.length; ++k) {
                    Part storage part = partOf[workload][involved[k]];
                    bool judgesItself = part.hasCommitted && part.operator == operator;
                    assertFalse(judgesItself, "INV-20 nobody judges its own work");
                }
            }
        }
    }

    /// @dev INV-10: a cancel pays each seat that had accepted in time the stated part, and refunds the rest.
    function _checkCancel(Seen storage s, bytes32 workload) private view {
        Terms terms = Terms.wrap(s.spec.terms);
        uint256 pot = _potOf(s);
        uint256 stated = (pot * (s.endedAt - s.startedAt)) / (terms.maxRunTime() * terms.redundancy());
        for (uint256 i; i < s.seats.length; ++i) {
            Part storage part = partOf[workload][s.seats[i]];
            if (part.paid == 0) continue;
            assertTrue(part.hasAccepted, "INV-10 a cancel pays who accepted");
            assertEq(part.paid, stated, "INV-10 a cancel pays the stated compensation");
        }
        assertEq(s.paid + s.refunded, pot, "INV-10 a cancel refunds the rest");
        assertEq(s.burned, (terms.fee() * _rulesOf(s).baseBurnBps) / BPS, "INV-10 a cancel burns the base burn");
    }

    // ─── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev INV-13, INV-14: a stranger ends all workloads and frees all seats, everybody leaves, and nothing is left.
    function _endEverything() private {
        for (uint256 i; i < workloads.length; ++i) _end(workloads[i], seenOf[workloads[i]].spec);
        for (uint256 i; i < workloads.length; ++i) _freeSeats(workloads[i], seenOf[workloads[i]]);
        for (uint256 i; i < stakedSeats.length; ++i) {
            uint256 seat = stakedSeats[i];
            IProverRegistryTypes.SeatStatus status = registry.seatOf(seat).status;
            bool isIn = status == IProverRegistryTypes.SeatStatus.Active;
            if (!isIn && status != IProverRegistryTypes.SeatStatus.Inactive) continue;
            vm.prank(registry.seatOf(seat).operator);
            registry.leaveSet(one(seat));
        }
        vm.warp(block.timestamp + registry.cooldown());
        for (uint256 i; i < stakedSeats.length; ++i) {
            uint256 seat = stakedSeats[i];
            IProverRegistryTypes.Seat memory s = registry.seatOf(seat);
            if (s.bond == 0) continue;
            vm.prank(s.operator);
            registry.withdraw(one(seat), _sink);
        }
        watch(address(this));
        uint256 slashes;
        for (uint256 i; i < accounts.length; ++i) slashes += _takeAll(accounts[i]);
        market.burnFees(accounts);
        if (slashes != 0) registry.burnSlashes(accounts);
        assertEq(token.balanceOf(address(market)), 0, "INV-14 the market is empty in the end");
        assertEq(token.balanceOf(address(registry)), 0, "INV-14 the registry is empty in the end");
        assertEq(token.balanceOf(address(committee)), 0, "INV-14 the committee is empty in the end");
    }

    /// @dev Brings a workload to its end by the clock alone.
    function _end(bytes32 workload, Spec memory spec) private {
        WorkloadState memory state = market.workloadOf(workload);
        if (state.phase == Phase.Final) return;
        if (state.phase == Phase.Pending) {
            _goTo(registry.genesis() + (state.epoch + ASSIGN_EPOCHS) * registry.epochLength());
        } else {
            Rules memory r = market.rulesOf(Terms.wrap(spec.terms).rules());
            _goTo(state.deadline + r.revealDelay + r.revealWindow + 1);
            if (state.revealed != 0) _endJudging(workload, spec);
        }
        market.settle(spec, _seatsIn(workload));
    }

    function _endJudging(bytes32 workload, Spec memory spec) private {
        for (uint256 i; i < JUDGING_STEPS; ++i) {
            ICommitteeTypes.Judgment memory j = committee.judgmentOf(workload);
            if (j.stage == ICommitteeTypes.Stage.Final || j.stage == ICommitteeTypes.Stage.GivenUp) return;
            if (j.stage == ICommitteeTypes.Stage.None || j.stage == ICommitteeTypes.Stage.Failed) committee.open(spec);
            else if (j.stage == ICommitteeTypes.Stage.Drawing)
                _goTo(registry.genesis() + (j.epoch + committee.DRAW_EPOCHS()) * registry.epochLength());
            else if (j.stage == ICommitteeTypes.Stage.Voting) _goTo(j.until + 1);
            else _goTo(block.timestamp + market.judgingOf(spec).verdictWindow + 1);
        }
        revert("INV-14 a judging comes to its end");
    }

    /// @dev Slashes the silent seats of a finished workload and clears the others.
    function _freeSeats(bytes32 workload, Seen storage s) private {
        uint256[] memory seats = _seatsIn(workload);
        for (uint256 i; i < seats.length; ++i) {
            bool owesAnswer = market.slotOf(workload, seats[i]).state == SlotState.Assigned;
            if (owesAnswer && !market.workloadOf(workload).dutyEnded) {
                _goTo(s.startedAt + _rulesOf(s).silenceWindow + 1);
                market.slash(s.spec, one(seats[i]));
            } else {
                market.clear(s.spec, one(seats[i]));
            }
        }
        assertEq(_seatsIn(workload).length, 0, "INV-14 anyone can free every seat");
    }

    /// @dev INV-13: takes all that is free of an account, and what it is owed elsewhere.
    /// @return slashed What was slashed by its reports and is to be burned.
    function _takeAll(address who) private returns (uint256 slashed) {
        (uint256 balance, , ) = market.accountOf(who);
        if (balance != 0) {
            uint256 before = token.balanceOf(_sink);
            vm.prank(who);
            market.withdraw(_sink, balance);
            assertEq(token.balanceOf(_sink) - before, balance, "INV-13 nothing blocks withdrawal");
        }
        uint256 bounty;
        (bounty, slashed) = registry.reports(who);
        if (bounty != 0) {
            vm.prank(who);
            registry.withdrawBounty(_sink);
        }
        if (committee.owed(who) == 0) return slashed;
        vm.prank(who);
        committee.withdraw(_sink);
    }

    /// @dev Seats that hold a word of the workload.
    function _seatsIn(bytes32 workload) private view returns (uint256[] memory seats) {
        uint256[] storage known = seenOf[workload].seats;
        seats = new uint256[](known.length);
        uint256 count;
        for (uint256 i; i < known.length; ++i) {
            if (market.slotOf(workload, known[i]).state != SlotState.Free) seats[count++] = known[i];
        }
        assembly ("memory-safe") {
            mstore(seats, count)
        }
    }

    function _rulesOf(Seen storage s) private view returns (Rules memory) {
        return market.rulesOf(Terms.wrap(s.spec.terms).rules());
    }

    /// @dev What the ranks share: the fee less base burn, bounties and the committee's share.
    function _potOf(Seen storage s) private view returns (uint256 pot) {
        uint256 fee = Terms.wrap(s.spec.terms).fee();
        Rules memory r = _rulesOf(s);
        pot = fee - (fee * r.baseBurnBps) / BPS - (uint256(r.assignBounty) + r.settleBounty) * GWEI;
    }

    function _goTo(uint256 time) private {
        if (time > block.timestamp) vm.warp(time);
    }
}
