// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What counts a beacon's rounds by itself
interface IBeaconUser {
    /// @notice The calling beacon names no round at present, because a round is public that by the chain's clock is not due yet: it has to be
    /// asked from now on.
    function doubtClock() external;
}
