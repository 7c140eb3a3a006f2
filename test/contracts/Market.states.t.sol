// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice Every action in every state either works or reverts with the stated error.
/// @dev The rows are the specification; scripts/gen/stateMachine.ts makes docs/state-machine.md of this file. A workload has two slots,
/// drawn to Alice and Bob. Alice acts for her seat, Carol for an open slot, the requester for itself, anybody for the rest.
contract MarketStatesTest is MarketFixture {
    using RequestBuilder for Request;

    /// @dev The columns of every row, in the order of {_call}.
    string private constant ACTIONS =
        "assign accept decline fail commit commitOpen reveal submitProof release cancel settle clear slash";

    /// @dev Tries every action on the state and returns to it after each. `row`: "ok" or the code of an error, see {_codeOf}.
    function _expectRow(Workload memory w, string memory row) private {
        string memory outcomes;
        for (uint256 action; action < 13; ++action) {
            uint256 saved = snapshot();
            (address sender, bytes memory data) = _call(w, action);
            vm.prank(sender);
            (bool ok, bytes memory answer) = address(market).call(data);
            outcomes = string.concat(outcomes, action == 0 ? "" : " ", ok ? "ok" : _codeOf(bytes4(answer)));
            restore(saved);
        }
        assertEq(
            string.concat(ACTIONS, " | ", outcomes),
            string.concat(ACTIONS, " | ", row),
            "outcomes of the actions"
        );
    }

    function _call(Workload memory w, uint256 action) private view returns (address, bytes memory) {
        uint256 seat = seatOf[alice];
        if (action == 0) return (keeper, abi.encodeCall(market.assign, (w.id)));
        if (action == 1) return (alice, abi.encodeCall(market.accept, (w.id, seat)));
        if (action == 2) return (alice, abi.encodeCall(market.decline, (w.spec, seat)));
        if (action == 3) return (alice, abi.encodeCall(market.fail, (w.spec, seat, FailReason.OutOfTime)));
        if (action == 4) {
            return (alice, abi.encodeCall(market.commit, (w.id, seat, commitmentOf(w, seat, proofOf(seat)))));
        }
        if (action == 5) return (carol, abi.encodeCall(market.commitOpen, (w.spec, seatOf[carol], 1)));
        if (action == 6) {
            return (
                alice,
                abi.encodeCall(market.reveal, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), saltOf(seat)))
            );
        }
        if (action == 7) {
            return (alice, abi.encodeCall(market.submitProof, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat))));
        }
        if (action == 8) return (requester, abi.encodeCall(market.release, (w.spec)));
        if (action == 9) return (requester, abi.encodeCall(market.cancel, (w.spec, none())));
        if (action == 10) return (keeper, abi.encodeCall(market.settle, (w.spec, _toSettle(w))));
        if (action == 11) return (keeper, abi.encodeCall(market.clear, (w.spec, one(seat))));
        return (keeper, abi.encodeCall(market.slash, (w.spec, one(seat))));
    }

    /// @dev The seats that a settling must name.
    function _toSettle(Workload memory w) private view returns (uint256[] memory) {
        SlotView memory s = market.slotOf(w.id, seatOf[alice]);
        bool waits = s.state == SlotState.Accepted && s.held && market.workloadOf(w.id).dutyEnded;
        return waits || s.state == SlotState.Valid ? one(seatOf[alice]) : none();
    }

    function _codeOf(bytes4 selector) private pure returns (string memory) {
        if (selector == WrongPhase.selector) return "phase";
        if (selector == RoundNotKnown.selector) return "unknown";
        if (selector == RoundFixed.selector) return "fixed";
        if (selector == AssignWindowOver.selector) return "expired";
        if (selector == SeatNotInWorkload.selector) return "gone";
        if (selector == WrongSlotState.selector) return "slot";
        if (selector == CommitsClosedAlready.selector) return "closed";
        if (selector == NoOpenSlot.selector) return "noOpen";
        if (selector == OutsideRevealWindow.selector) return "window";
        if (selector == CommitFirst.selector) return "first";
        if (selector == SubmitAtOnce.selector) return "atOnce";
        if (selector == CommitsExist.selector) return "commits";
        if (selector == NoCommits.selector) return "noCommits";
        if (selector == TooEarly.selector) return "early";
        if (selector == SilenceWindowOver.selector) return "silence";
        if (selector == NotSilent.selector) return "notSilent";
        return "unnamed";
    }

    function _pending() private returns (Workload memory) {
        return submit(aRequest().withSlots(2));
    }

    /// State: never submitted
    function test_state_None() public sound {
        Workload memory w = _pending();
        w.spec.inputs = bytes32("other");
        w.id = market.idOf(w.spec);
        _expectRow(w, "phase phase phase phase phase phase phase phase phase phase phase phase phase");
    }

    /// State: Pending, the round lies ahead
    function test_state_Pending() public sound {
        Workload memory w = _pending();
        _expectRow(w, "unknown phase phase phase phase phase phase phase phase ok phase phase phase");
    }

    /// State: Pending, the round is near or past, its value unknown
    function test_state_PendingRoundFixed() public sound {
        Workload memory w = _pending();
        beacon.reach(uint32(w.round));
        _expectRow(w, "unknown phase phase phase phase phase phase phase phase fixed phase phase phase");
    }

    /// State: Pending, the value is known
    function test_state_PendingRoundKnown() public sound {
        Workload memory w = _pending();
        beacon.publish(uint32(w.round), bytes32("known"));
        _expectRow(w, "ok phase phase phase phase phase phase phase phase fixed phase phase phase");
    }

    /// State: Pending, the assign window is over
    function test_state_PendingExpired() public sound {
        Workload memory w = _pending();
        beacon.publish(uint32(w.round), bytes32("known"));
        for (uint256 i; i < 4; ++i) nextEpoch();
        _expectRow(w, "expired phase phase phase phase phase phase phase phase fixed ok phase phase");
    }

    /// State: drawn
    function test_state_Assigned() public sound {
        Workload memory w = drawnToAliceAndBob();
        _expectRow(w, "phase ok ok ok ok noOpen window first noCommits ok early phase early");
    }

    /// State: drawn, not answered in the response window
    function test_state_AssignedOpen() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(responseEnd(w) + 1);
        _expectRow(w, "phase ok ok ok ok ok window first noCommits ok early phase early");
    }

    /// State: drawn, the only slot
    function test_state_Alone() public sound {
        Workload memory w = drawnToAlice();
        _expectRow(w, "phase ok ok ok atOnce noOpen window ok noCommits ok early phase early");
    }

    /// State: accepted
    function test_state_Accepted() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[bob]);
        accept(w, seatOf[alice]);
        _expectRow(w, "phase slot slot ok ok noOpen window first noCommits ok early phase early");
    }

    /// State: accepted, rescue has begun
    function test_state_AcceptedRescue() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        warp(rescueAt(w));
        _expectRow(w, "phase slot slot ok ok ok window first noCommits ok early phase early");
    }

    /// State: declined
    function test_state_Declined() public sound {
        Workload memory w = drawnToAliceAndBob();
        decline(w, seatOf[alice]);
        _expectRow(w, "phase gone gone gone gone ok window gone noCommits ok early phase early");
    }

    /// State: failed
    function test_state_Failed() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        _expectRow(w, "phase slot slot slot slot ok window slot noCommits ok early phase early");
    }

    /// State: committed, the other slot is missing
    function test_state_Committed() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        _expectRow(w, "phase slot slot slot slot noOpen window slot ok commits early phase early");
    }

    /// State: drawn, another seat committed
    function test_state_CommittedByAnother() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[bob]);
        _expectRow(w, "phase ok ok ok ok noOpen window first ok commits early phase early");
    }

    /// State: all committed, before the reveals
    function test_state_AllCommitted() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        _expectRow(w, "phase closed slot slot closed closed window closed closed closed early phase early");
    }

    /// State: all committed, one while its slot was open
    function test_state_AllCommittedOpen() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(rescueAt(w));
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        _expectRow(w, "phase slot slot slot slot ok window slot ok commits early phase early");
    }

    /// State: released, accepted
    function test_state_Released() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        release(w);
        _expectRow(w, "phase closed slot ok closed closed window closed closed closed early phase early");
    }

    /// State: released, never answered
    function test_state_ReleasedSilent() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[bob]);
        release(w);
        _expectRow(w, "phase closed ok ok closed closed window closed closed closed early phase early");
    }

    /// State: deadline passed, accepted
    function test_state_OverAccepted() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        _expectRow(w, "phase closed slot ok closed closed window closed closed closed ok phase early");
    }

    /// State: deadline passed, never answered
    function test_state_OverAssigned() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(deadlineOf(w) + 1);
        _expectRow(w, "phase closed ok ok closed closed window closed closed closed ok phase early");
    }

    /// State: deadline passed, committed, before the reveals
    function test_state_OverCommitted() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        _expectRow(w, "phase closed slot slot closed closed window closed closed closed early phase early");
    }

    /// State: silence window over, never answered
    function test_state_Silent() public sound {
        Workload memory w = drawnToAliceAndBob();
        toSilence(w);
        _expectRow(w, "phase closed silence silence closed closed window closed closed closed ok phase ok");
    }

    /// State: reveal window, committed
    function test_state_Revealing() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        _expectRow(w, "phase closed slot slot closed closed ok closed closed closed early phase early");
    }

    /// State: reveal window, revealed, another is missing
    function test_state_Revealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        _expectRow(w, "phase closed slot slot closed closed slot closed closed closed early phase early");
    }

    /// State: all revealed
    function test_state_AllRevealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[alice]);
        _expectRow(w, "phase closed slot slot closed closed slot closed closed closed ok phase early");
    }

    /// State: reveal window over, committed
    function test_state_NotRevealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + REVEAL_WINDOW + 1);
        _expectRow(w, "phase closed slot slot closed closed window closed closed closed ok phase early");
    }

    /// State: Final: Proven, settled
    function test_state_FinalProven() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[alice]);
        settle(w, one(seatOf[alice]));
        _expectRow(w, "phase phase gone gone phase phase phase phase phase phase phase gone early");
    }

    /// State: Final: TimedOut, accepted, not cleared
    function test_state_FinalTimedOut() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        settle(w, none());
        _expectRow(w, "phase phase slot ok phase phase phase phase phase phase phase ok early");
    }

    /// State: Final: NotRevealed, committed, not cleared
    function test_state_FinalNotRevealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + REVEAL_WINDOW + 1);
        settle(w, none());
        _expectRow(w, "phase phase slot slot phase phase phase phase phase phase phase ok early");
    }

    /// State: Final: ProgramFailed, failed, not cleared
    function test_state_FinalProgramFailed() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        warp(deadlineOf(w) + 1);
        settle(w, none());
        _expectRow(w, "phase phase slot slot phase phase phase phase phase phase phase ok early");
    }

    /// State: Final: Unserved, never answered
    function test_state_FinalUnserved() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(deadlineOf(w) + 1);
        settle(w, none());
        _expectRow(w, "phase phase ok ok phase phase phase phase phase phase phase ok early");
    }

    /// State: Final: Unserved, never answered, silence window over
    function test_state_FinalSilent() public sound {
        Workload memory w = drawnToAliceAndBob();
        toSilence(w);
        settle(w, none());
        _expectRow(w, "phase phase silence silence phase phase phase phase phase phase phase ok ok");
    }

    /// State: Final: Unserved, never drawn
    function test_state_FinalUndrawn() public sound {
        Workload memory w = _pending();
        for (uint256 i; i < 4; ++i) nextEpoch();
        settle(w, none());
        _expectRow(w, "phase phase gone gone phase phase phase phase phase phase phase gone notSilent");
    }

    /// State: Final: Cancelled before the draw
    function test_state_FinalCancelledBefore() public sound {
        Workload memory w = _pending();
        cancel(w, none());
        _expectRow(w, "phase phase gone gone phase phase phase phase phase phase phase gone notSilent");
    }

    /// State: Final: Cancelled after the draw, never answered
    function test_state_FinalCancelledAfter() public sound {
        Workload memory w = drawnToAliceAndBob();
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        cancel(w, none());
        _expectRow(w, "phase phase ok ok phase phase phase phase phase phase phase ok early");
    }
}
