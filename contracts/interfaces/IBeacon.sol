// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A source of publicly verifiable random values, one a round
/// @notice A round is fixed when a workload is submitted; its value is unknown then and the same for everyone afterwards
/// (design §6). Who can bias which beacon, and by how much, is said in docs/threat-model.md.
interface IBeacon {
    /// @notice How a beacon counts the rounds that it names.
    /// @param genesis Unix time of round 1; nothing where rounds are blocks.
    /// @param period Seconds between two rounds; zero: a round is a block's number.
    /// @param lag Rounds between the one due now and the one named; zero: there is no schedule, and {nextRound} has to be asked each time.
    struct Schedule {
        uint40 genesis;
        uint16 period;
        uint16 lag;
    }

    /// @notice The round a workload submitted now is bound to. Nobody can know its value yet.
    /// @return round Round number, larger than any round whose value is known.
    function nextRound() external view returns (uint32 round);

    /// @notice How `user` can count for itself what {nextRound} says. A beacon that may come to doubt the chain's clock has a schedule only for
    /// those that it tells so in the same transaction ({IBeaconUser-doubtClock}).
    /// @param user Contract that counts.
    /// @return The schedule; without a lag if it has to ask.
    function scheduleFor(address user) external view returns (Schedule memory);

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
