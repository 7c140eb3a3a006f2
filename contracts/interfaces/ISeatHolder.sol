// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the prover registry asks of the market
interface ISeatHolder {
    /// @notice Whether a seat holds a slot it has not answered, or has accepted and not yet committed.
    /// @param seat Seat id.
    /// @return True while it does.
    function isHeld(uint256 seat) external view returns (bool);
}
