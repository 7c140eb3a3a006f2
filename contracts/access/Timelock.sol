// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The owner of a network that others use: its council's acts wait in the open before they take effect
/// @notice The council schedules and cancels; anyone executes what is due. Nobody is its administrator but itself, so council and delay
/// change only through the delay too.
contract Timelock is TimelockController {
    /// @notice Time enough to see an act and to stop submitting; leaving the set takes effect within an epoch.
    uint256 public constant MIN_DELAY = 1 days;
    /// @notice A longer delay would keep the council from repairing anything, and could be meant to.
    uint256 public constant MAX_DELAY = 30 days;

    /// @notice The delay is below {MIN_DELAY} or above {MAX_DELAY}.
    error DelayOutOfBounds(uint256 delay, uint256 least, uint256 most);
    /// @notice Without a council nothing could ever be scheduled.
    error NoCouncil();

    /// @param delay Seconds between scheduling an act and its earliest execution.
    /// @param council Schedules and cancels.
    constructor(
        uint256 delay,
        address council
    ) TimelockController(delay, _only(council), _only(address(0)), address(0)) {
        _checkDelay(delay);
        if (council == address(0)) revert NoCouncil();
    }

    /// @notice Changes the delay of what is scheduled from then on.
    /// @custom:bound {MIN_DELAY} to {MAX_DELAY}; itself a scheduled act
    function updateDelay(uint256 delay) public override {
        _checkDelay(delay);
        super.updateDelay(delay);
    }

    function _checkDelay(uint256 delay) private pure {
        if (delay < MIN_DELAY || delay > MAX_DELAY) revert DelayOutOfBounds(delay, MIN_DELAY, MAX_DELAY);
    }

    function _only(address account) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}
