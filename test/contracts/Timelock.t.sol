// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Timelock} from "../../contracts/access/Timelock.sol";
import {Test} from "../support/solidity/Test.sol";

contract TimelockTest is Test {
    uint256 private constant DELAY = 2 days;

    address private _council;
    Timelock private _timelock;

    function setUp() public {
        warp(1_800_000_000);
        _council = account("council");
        _timelock = new Timelock(DELAY, _council);
    }

    // ─── The constructor ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_constructor_TakesTheLeastAndTheMostDelay() public {
        assertEq(new Timelock(1 days, _council).getMinDelay(), 1 days, "least");
        assertEq(new Timelock(30 days, _council).getMinDelay(), 30 days, "most");
    }

    function testFuzz_constructor_RevertWhen_TheDelayIsOutOfBounds(uint256 delay) public {
        uint256 below = bound(delay, 0, 1 days - 1);
        uint256 above = bound(delay, 30 days + 1, type(uint256).max);
        _expectOutOfBounds(below);
        new Timelock(below, _council);
        _expectOutOfBounds(above);
        new Timelock(above, _council);
    }

    function test_constructor_RevertWhen_TheDelayIsOneSecondOff() public {
        _expectOutOfBounds(1 days - 1);
        new Timelock(1 days - 1, _council);
        _expectOutOfBounds(30 days + 1);
        new Timelock(30 days + 1, _council);
    }

    function test_constructor_RevertWhen_ThereIsNoCouncil() public {
        vm.expectRevert(Timelock.NoCouncil.selector);
        new Timelock(DELAY, address(0));
    }

    function test_constructor_GivesTheCouncilNoMoreThanToScheduleAndToCancel() public view {
        assertTrue(_timelock.hasRole(_timelock.PROPOSER_ROLE(), _council), "schedules");
        assertTrue(_timelock.hasRole(_timelock.CANCELLER_ROLE(), _council), "cancels");
        assertTrue(_timelock.hasRole(_timelock.EXECUTOR_ROLE(), address(0)), "anyone executes");
        bytes32 admin = _timelock.DEFAULT_ADMIN_ROLE();
        assertTrue(_timelock.hasRole(admin, address(_timelock)), "itself administers");
        assertFalse(_timelock.hasRole(admin, _council), "the council does not");
        assertFalse(_timelock.hasRole(admin, address(this)), "nor who deployed it");
    }

    // ─── Its delay ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_updateDelay_TakesEffectAfterTheDelayBefore(uint256 delay) public {
        delay = bound(delay, 1 days, 30 days);
        bytes memory change = _schedule(delay);
        warp(block.timestamp + DELAY - 1);
        bytes32 id = _timelock.hashOperation(address(_timelock), 0, change, 0, 0);
        bytes32 ready = bytes32(1 << uint8(TimelockController.OperationState.Ready));
        vm.expectRevert(
            abi.encodeWithSelector(TimelockController.TimelockUnexpectedOperationState.selector, id, ready)
        );
        _execute(change);
        assertEq(_timelock.getMinDelay(), DELAY, "not a second before");
        warp(block.timestamp + 1);
        vm.prank(account("anyone"));
        _execute(change);
        assertEq(_timelock.getMinDelay(), delay, "in the second itself");
    }

    function test_updateDelay_RevertWhen_OutOfBounds() public {
        uint256[] memory delays = three(0, 1 days - 1, 30 days + 1);
        for (uint256 i; i < delays.length; ++i) {
            bytes memory change = _schedule(delays[i]);
            warp(block.timestamp + DELAY);
            _expectOutOfBounds(delays[i]);
            _execute(change);
            assertEq(_timelock.getMinDelay(), DELAY, "unchanged");
        }
    }

    function test_updateDelay_RevertWhen_NotDecidedByItself() public {
        vm.prank(_council);
        vm.expectRevert(abi.encodeWithSelector(TimelockController.TimelockUnauthorizedCaller.selector, _council));
        _timelock.updateDelay(3 days);
    }

    // ─── Internal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _expectOutOfBounds(uint256 delay) private {
        vm.expectRevert(abi.encodeWithSelector(Timelock.DelayOutOfBounds.selector, delay, 1 days, 30 days));
    }

    /// @dev The council's change of the delay, scheduled.
    function _schedule(uint256 delay) private returns (bytes memory change) {
        change = abi.encodeCall(Timelock.updateDelay, (delay));
        vm.prank(_council);
        _timelock.schedule(address(_timelock), 0, change, 0, 0, DELAY);
    }

    function _execute(bytes memory change) private {
        _timelock.execute(address(_timelock), 0, change, 0, 0);
    }
}
