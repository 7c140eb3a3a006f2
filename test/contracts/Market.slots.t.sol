// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice The table "what the prover does" of design §3, row by row: pay, slash, slot, miss.
/// @dev Alice and Bob are drawn. Alice does what the row says, Bob always proves.
contract MarketSlotsTest is MarketFixture {
    using RequestBuilder for Request;

    /// @dev What a row promises.
    struct Row {
        uint256 pay;
        bool slashed;
        bool opens;
        bool missed;
    }

    function _drawn() private returns (Workload memory w) {
        w = drawnToAliceAndBob();
        commit(w, seatOf[bob]);
    }

    /// @dev Lets the workload end and checks the row. Reveals of Alice must be done by `reveals`.
    function _expect(Workload memory w, function(Workload memory) internal reveals, Row memory row) private {
        warp(deadlineOf(w));
        WorkloadState memory state = market.workloadOf(w.id);
        assertTrue((market.openSlots(w.id) == 1) == row.opens || state.closedEarly, "slot opens");
        uint256 closedAt = state.deadline;
        warp(closedAt + REVEAL_DELAY + 1);
        reveal(w, seatOf[bob]);
        reveals(w);
        warp(closedAt + REVEAL_DELAY + REVEAL_WINDOW + 1);
        startLogs();
        bool gone = market.slotOf(w.id, seatOf[alice]).state == SlotState.Free;
        settle(w, gone ? one(seatOf[bob]) : pair(seatOf[alice], seatOf[bob]));
        assertEq(countLogs(Missed.selector), row.missed ? 1 : 0, "miss");
        assertEq(balanceOf(alice), row.pay, "pay");

        toSilence(w);
        if (!row.slashed) vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
        assertEq(registry.seatOf(seatOf[alice]).bond, row.slashed ? BOND - SLASH : BOND, "bond");
    }

    function _revealsNothing(Workload memory) internal {}

    function _revealsProof(Workload memory w) internal {
        reveal(w, seatOf[alice]);
    }

    function _revealsJunk(Workload memory w) internal {
        revealJunk(w, seatOf[alice]);
    }

    function test_slot_CommitsAndRevealsAValidProof() public sound {
        Workload memory w = _drawn();
        commit(w, seatOf[alice]);
        _expect(w, _revealsProof, Row(shareOf(potOf(FEE), 2, 2), false, false, false));
    }

    function test_slot_Declines() public sound {
        Workload memory w = _drawn();
        decline(w, seatOf[alice]);
        _expect(w, _revealsNothing, Row(0, false, true, false));
    }

    function test_slot_Fails() public sound {
        Workload memory w = _drawn();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        _expect(w, _revealsNothing, Row(0, false, true, true));
    }

    function test_slot_AcceptsThenNothing() public sound {
        Workload memory w = _drawn();
        accept(w, seatOf[alice]);
        _expect(w, _revealsNothing, Row(0, false, true, true));
    }

    function test_slot_CommitsThenNoReveal() public sound {
        Workload memory w = _drawn();
        commit(w, seatOf[alice]);
        _expect(w, _revealsNothing, Row(0, false, false, true));
    }

    function test_slot_RevealsAnInvalidProof() public sound {
        Workload memory w = _drawn();
        commitJunk(w, seatOf[alice]);
        _expect(w, _revealsJunk, Row(0, false, false, true));
    }

    function test_slot_NeverAnswers() public sound {
        Workload memory w = _drawn();
        _expect(w, _revealsNothing, Row(0, true, true, false));
    }
}
