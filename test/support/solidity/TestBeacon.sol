// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../../../contracts/interfaces/IBeacon.sol";

/// @title A beacon whose clock and values the test sets
/// @notice Rounds up to `latest` may have a value; the one after it is the margin in which a value can be known already.
contract TestBeacon is IBeacon {
    /// @notice Newest round whose time has come.
    uint32 public latest = 100;

    /// @notice Whether it names no round at all, as a beacon does that knows the chain's clock to be stale.
    bool public refuses;

    /// @notice Why it names none.
    error NoRound();

    /// @inheritdoc IBeacon
    mapping(uint32 round => bytes32 randomness) public value;

    /// @notice Lets the time of `round` come without a value.
    function reach(uint32 round) external {
        latest = round;
    }

    /// @notice Lets the time of `round` come and gives it a value.
    function publish(uint32 round, bytes32 randomness) external {
        if (round > latest) latest = round;
        value[round] = randomness;
    }

    /// @notice Makes it name no round from now on, or rounds again.
    function refuse(bool refuses_) external {
        refuses = refuses_;
    }

    /// @inheritdoc IBeacon
    function nextRound() external view returns (uint32 round) {
        if (refuses) revert NoRound();
        return latest + 3;
    }

    /// @inheritdoc IBeacon
    /// @dev None: it is asked each time.
    function scheduleFor(address) external pure returns (Schedule memory) {}

    /// @inheritdoc IBeacon
    function isOpen(uint32 round) external view returns (bool open) {
        return latest + 1 < round;
    }
}
