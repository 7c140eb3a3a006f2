// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BadBeacon} from "../support/solidity/BadBeacon.sol";
import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";

/// @notice Beacons and puzzles that fail: the owner chooses them, and whatever they do costs a bounded amount of gas and evicts nobody.
contract QualificationBadContractsTest is QualificationFixture {
    uint8 private constant MOODS = 6;
    uint8 private constant TOO_LARGE = 3;

    function test_open_RevertWhen_TheBeaconIsBad() public sound {
        warp(block.timestamp + PERIOD);
        for (uint8 mood; mood < MOODS; ++mood) {
            uint256 saved = snapshot();
            vm.etch(address(beacon), address(new BadBeacon(mood)).code);
            uint256 before = gasleft();
            vm.expectRevert(abi.encodeWithSelector(NoRoundYet.selector, address(beacon)));
            qualification.open{gas: 1_000_000}(CLASS);
            assertLt(before - gasleft(), 160_000, "gas");
            restore(saved);
        }
        assertEq(open(), 1, "the first check, once it names a round");
    }

    /// @dev Attack: a beacon that fails once a check is open. It does not start, is void when its time is over, and evicts nobody.
    function test_start_ABadBeaconEvictsNobody() public sound {
        uint256 check = open();
        uint32 round = qualification.checkOf(CLASS, check).round;
        for (uint8 mood; mood < MOODS; ++mood) {
            if (mood == TOO_LARGE) continue;
            vm.etch(address(beacon), address(new BadBeacon(mood)).code);
            vm.expectRevert(abi.encodeWithSelector(RoundMissing.selector, round));
            qualification.start{gas: 1_000_000}(CLASS);
        }
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, check));
        evict(check, one(seatOf[alice]));
    }

    /// @dev Attack: start with so little gas that the beacon runs out of it.
    function test_start_RevertWhen_GasStarved() public sound {
        uint256 check = open();
        beacon.publish(qualification.checkOf(CLASS, check).round, "value");
        uint256 refused;
        uint256 started;
        for (uint256 gas_ = 20_000; gas_ < 300_000; gas_ += 4_000) {
            uint256 saved = snapshot();
            (bool ok, bytes memory answer) = address(qualification).call{gas: gas_}(
                abi.encodeCall(qualification.start, (CLASS))
            );
            if (ok) ++started;
            else if (bytes4(answer) == NotEnoughGas.selector) ++refused;
            else assertEq(answer.length, 0, "out of gas");
            restore(saved);
        }
        assertTrue(refused != 0 && started != 0, "both sides of the border were tried");
    }

    /// @dev Attack: a puzzle that burns all its gas, or that answers with anything but a yes.
    function test_answer_RevertWhen_ThePuzzleIsBad() public sound {
        uint256 seat = waitingSeat(alice);
        run("value");
        bytes memory solution = solutionOf(seat);
        for (uint8 mood; mood < MOODS; ++mood) {
            uint256 saved = snapshot();
            vm.etch(address(puzzle), address(new BadBeacon(mood)).code);
            uint256 before = gasleft();
            vm.prank(alice);
            (bool ok, bytes memory why) = address(qualification).call{gas: 20_000_000}(
                abi.encodeCall(qualification.answer, (seat, solution))
            );
            assertLt(before - gasleft(), 16_200_000, "gas");
            assertFalse(ok, "refused");
            bool isWrong = bytes4(why) == WrongSolution.selector;
            assertTrue(isWrong || why.length == 256, "an own error, or the beginning of the puzzle's");
            restore(saved);
        }
        answerWith(seat, solution);
        assertSeat(seat, SeatStatus.Active);
    }
}
