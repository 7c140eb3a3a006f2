// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../../../contracts/interfaces/IBeacon.sol";

/// @title A beacon by the clock: round n is out at second n × PERIOD
/// @notice One round in sixteen never comes, and for one period in sixteen it names no next one, so that the ways out of that are walked too.
contract ClockBeacon is IBeacon {
    uint256 public constant PERIOD = 30;
    /// @dev Seconds before a round from which somebody might know it.
    uint256 public constant MARGIN = 5;

    /// @notice It names no round now.
    error NamesNone();

    /// @inheritdoc IBeacon
    function nextRound() external view returns (uint32 round) {
        if (isMute(block.timestamp)) revert NamesNone();
        return uint32(block.timestamp / PERIOD + 2);
    }

    /// @inheritdoc IBeacon
    /// @dev None: it is asked each time.
    function scheduleFor(address) external pure returns (Schedule memory) {}

    /// @inheritdoc IBeacon
    function isOpen(uint32 round) external view returns (bool open) {
        return block.timestamp + MARGIN < uint256(round) * PERIOD;
    }

    /// @inheritdoc IBeacon
    function value(uint32 round) external view returns (bytes32 randomness) {
        if (block.timestamp < uint256(round) * PERIOD || isLost(round)) return 0;
        return keccak256(abi.encode("round", round));
    }

    /// @notice Whether it names no round at a time.
    function isMute(uint256 time) public pure returns (bool) {
        return uint256(keccak256(abi.encode("mute", time / PERIOD))) % 16 == 0;
    }

    /// @notice Whether the round never comes.
    function isLost(uint256 round) public pure returns (bool) {
        return uint256(keccak256(abi.encode("lost", round))) % 16 == 0;
    }
}
