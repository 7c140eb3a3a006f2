// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketFixture} from "../../support/solidity/MarketFixture.sol";

/// @title A fail after a release once held a workload for ever
/// @notice Settling waits for every seat that had accepted in time to be listed for its compensation. A seat that failed after the release
/// was still counted but could not be listed any more: nobody was paid, and nobody could end the workload (INV-14).
contract FailAfterReleaseRegression is MarketFixture {
    function test_INV14_regression_AFailAfterAReleaseDoesNotBlockSettling() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        release(w);
        fail(w, seatOf[bob], FailReason.ProgramFailed);
        warp(block.timestamp + REVEAL_DELAY + 1);
        reveal(w, seatOf[alice]);
        settle(w, one(seatOf[alice]));
        assertTrue(market.workloadOf(w.id).outcome == Outcome.Proven, "proven");
        assertEq(balanceOf(bob), 0, "a seat that gave up waits for no compensation");
        assertTrue(!core.isHeld(seatOf[bob]), "and is free");
    }
}
