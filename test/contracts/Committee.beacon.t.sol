// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommitteeErrors, ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";
import {BadBeacon} from "../support/solidity/BadBeacon.sol";

/// @notice Beacons that name no round: they are chosen by the owner and frozen into the workload, so nothing that they do may hold its fee.
contract CommitteeBeaconTest is CommitteeFixture {
    /// @dev Attack: a beacon that never names a round again (a stale clock, one round of a far future, one that its maker can switch off) would
    /// keep every committee from being opened, and the fee and the provers' pay with it.
    function test_open_ABeaconThatNeverNamesARoundHoldsNothing() public sound {
        Workload memory w = revealedByBoth();
        beacon.refuse(true);
        for (uint256 i; i < ATTEMPTS; ++i) {
            open(w);
            assertStage(w, ICommitteeTypes.Stage.Drawing);
            assertEq(committee.judgmentOf(w.id).round, 0, "no round");
            toDrawOver(w);
        }
        assertStage(w, ICommitteeTypes.Stage.GivenUp);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Unjudged);
    }

    /// @dev Attack: open in the one minute in which the beacon names no round, so that the attempt is lost. It is not: anyone opens it again.
    function test_open_AgainOnceTheBeaconNamesARound() public sound {
        Workload memory w = revealedByBoth();
        beacon.refuse(true);
        open(w);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NoRoundYet.selector, address(beacon)));
        open(w);
        warp(block.timestamp + EPOCH);
        beacon.refuse(false);
        open(w);
        ICommitteeTypes.Judgment memory j = committee.judgmentOf(w.id);
        assertEq(j.attempt, 1, "the same attempt");
        assertEq(j.round, beacon.nextRound(), "a future round");
        assertEq(j.epoch, registry.currentEpoch(), "the set of now");
        expectStage(w, ICommitteeTypes.Stage.Drawing);
        open(w);
        publishRound(w, bytes32("late"));
        drawCommittee(w);
        vote(w, 0, SIZE, 3);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
    }

    /// @dev Round zero may have a value that everybody knows, as the hash of a chain's first block.
    function test_draw_RevertWhen_TheAttemptHasNoRound() public sound {
        Workload memory w = revealedByBoth();
        beacon.refuse(true);
        open(w);
        beacon.publish(0, bytes32("known long ago"));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.RoundNotKnown.selector, 0));
        drawCommittee(w);
    }

    function test_appeal_WithoutARoundIsHeardOnceThereIsOne() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 0);
        toVotesOver(w);
        fundBond(dave);
        beacon.refuse(true);
        appeal(w, dave);
        beacon.refuse(false);
        open(w);
        assertEq(committee.judgmentOf(w.id).attempt, APPEAL, "the appeal");
        publishRound(w, bytes32("appeal"));
        drawCommittee(w);
        vote(w, 0, APPEAL_SIZE, 3);
        toVotesOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(committee.owed(dave), 3 * committeeShareOf(FEE), "it was right");
    }

    /// @dev Attack: a beacon that burns its gas, answers with too little, too much or a megabyte. None of it is a round, and none stops the opening.
    function test_open_WhatIsNoRoundIsNone() public sound {
        Workload memory w = revealedByBoth();
        for (uint8 mood; mood < 6; ++mood) {
            uint256 saved = snapshot();
            vm.etch(address(beacon), address(new BadBeacon(mood)).code);
            open(w);
            assertEq(committee.judgmentOf(w.id).round, 0, "no round");
            restore(saved);
        }
    }

    /// @dev Attack: the same once the attempt has its round. The draw waits for a value, and the attempt's time ends it.
    function test_draw_RevertWhen_TheBeaconIsBad() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        uint256 round = committee.judgmentOf(w.id).round;
        for (uint8 mood; mood < 6; ++mood) {
            if (mood == 3) continue;
            vm.etch(address(beacon), address(new BadBeacon(mood)).code);
            uint256 before = gasleft();
            vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.RoundNotKnown.selector, round));
            drawCommittee(w);
            assertLt(before - gasleft(), 250_000, "gas");
        }
        toDrawOver(w);
        assertStage(w, ICommitteeTypes.Stage.Failed);
    }

    /// @dev Attack: open with so little gas that the beacon runs out of it, so that the attempt gets no round.
    function test_open_RevertWhen_GasStarved() public sound {
        Workload memory w = revealedByBoth();
        uint256 saved = snapshot();
        uint256 refused;
        uint256 opened;
        for (uint256 gas_ = 50_000; gas_ < 500_000; gas_ += 5_000) {
            (bool ok, bytes memory answer) = address(committee).call{gas: gas_}(
                abi.encodeCall(committee.open, (w.spec))
            );
            if (ok) {
                ++opened;
                assertTrue(committee.judgmentOf(w.id).round != 0, "a round");
            } else if (bytes4(answer) == ICommitteeErrors.NotEnoughGas.selector) ++refused;
            restore(saved);
            saved = snapshot();
        }
        assertTrue(refused != 0 && opened != 0, "both sides of the border were tried");
    }
}
