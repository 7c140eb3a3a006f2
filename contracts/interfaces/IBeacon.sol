// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A source of publicly verifiable random values, one a round
/// @notice A round is fixed when a workload is submitted; its value is unknown then and the same for everyone afterwards
/// (design §6). Who can bias which beacon, and by how much, is said in docs/threat-model.md.
interface IBeacon {
    /// @notice The round a workload submitted now is bound to. Nobody can know its value yet.
    /// @return round Round number, larger than any round whose value is known.
    function nextRound() external view returns (uint32 round);

    /// @notice Whether nobody can know the value of `round` yet, with a margin for clock skew and pending blocks.
    /// @param round Round number.
    /// @return open True while a requester may still cancel for free.
    function isOpen(uint32 round) external view returns (bool open);

    /// @notice The value of `round`: at least 128 bits that nobody could guess or choose. Which bits is the beacon's affair, so it is hashed, with
    /// whatever it decides, before any of it is used.
    /// @param round Round number.
    /// @return randomness The value, or zero while it is not known (or no longer to be had).
    function value(uint32 round) external view returns (bytes32 randomness);
}
