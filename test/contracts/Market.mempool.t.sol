// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @title Attack: take a proof out of the pool of pending transactions, and cancel before it is mined
/// @notice At redundancy 1 the proof is in the transaction that is paid for it. A requester that asked for a cancel long before keeps its second
/// step ready, and sends it with a higher tip than the proof's.
contract MarketMempoolTest is MarketFixture {
    /// @dev What the attack costs: the seat is paid by time, and base burn and assign bounty are gone. Threat model, Q9.
    function test_attack_ACancelKeptReadyTakesAProofFromTheMempool() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        cancel(w, none());
        warp(w.startedAt + RUN_TIME / 2);
        cancel(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        submitProof(w, seatOf[alice]);
        uint256 compensation = (potOf(FEE) * (RUN_TIME / 2)) / RUN_TIME;
        assertEq(balanceOf(alice), compensation, "half of the pot for half of the run time");
        assertEq(
            balanceOf(requester),
            1000 ether - compensation - baseBurnOf(FEE) - ASSIGN_BOUNTY,
            "the requester has the proof and the rest"
        );
    }

    /// @dev The defence where there are more slots: the first commit, which shows nothing, voids the cancel.
    function test_attack_ACommitVoidsACancelKeptReady() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(CommitsExist.selector, 1));
        cancel(w, one(seatOf[alice]));
        assertEq(market.workloadOf(w.id).cancelRequestedAt, 0, "the request is void");
    }

    /// @dev A cancel that was asked for late comes too late: the proof is mined within its delay.
    function test_attack_ACancelAskedForOnSightOfTheProofComesTooLate() public sound {
        Workload memory w = drawnToAlice();
        warp(w.startedAt + RUN_TIME / 2);
        cancel(w, none());
        warp(block.timestamp + CANCEL_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(CancelDelayRunning.selector, block.timestamp, block.timestamp + 1));
        cancel(w, none());
        submitProof(w, seatOf[alice]);
        assertEq(balanceOf(alice), potOf(FEE) + SETTLE_BOUNTY, "paid in full");
    }
}
