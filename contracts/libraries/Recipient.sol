// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title To whom a contract of the network pays out
/// @notice Market, registry, committee and bonds pay from their books. What one of them would send to itself, or another to the market, would be in
/// nobody's books: tokens without a way out.
library Recipient {
    /// @notice What is sent there would be nobody's.
    error InvalidRecipient(address to);

    /// @dev Reverts if nobody could ever use what is sent to `to`.
    /// @param to Who is to be paid.
    /// @param market The market, which credits deposits alone.
    function check(address to, address market) internal view {
        if (to == address(this) || to == market) revert InvalidRecipient(to);
    }
}
