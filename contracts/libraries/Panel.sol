// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Eight members of a committee in two words
/// @notice `members` from bit 0: eight seats of 24 bits | answered 8 | slashed 8. `votes`: 32 bits a member, what it found valid.
library Panel {
    /// @notice The two words.
    struct Half {
        uint256 members;
        uint256 votes;
    }

    /// @notice Members one half holds.
    uint256 internal constant MEMBERS = 8;

    uint256 private constant ANSWERED = 192;
    uint256 private constant SLASHED = 200;

    /// @notice Seat of member `i`; zero where there is none.
    function seatAt(Half memory half, uint256 i) internal pure returns (uint256) {
        return uint24(half.members >> (24 * i));
    }

    /// @notice Puts `seat` at place `i`, which must be empty.
    function put(Half memory half, uint256 i, uint256 seat) internal pure {
        half.members |= seat << (24 * i);
    }

    /// @notice Whether member `i` has answered.
    function answered(Half memory half, uint256 i) internal pure returns (bool) {
        return (half.members >> (ANSWERED + i)) & 1 == 1;
    }

    /// @notice What member `i` found valid.
    function voteOf(Half memory half, uint256 i) internal pure returns (uint256) {
        return uint32(half.votes >> (32 * i));
    }

    /// @notice Records the answer of member `i`, which must not have answered.
    function answer(Half memory half, uint256 i, uint256 valid) internal pure {
        half.members |= 1 << (ANSWERED + i);
        half.votes |= valid << (32 * i);
    }

    /// @notice Whether member `i` was slashed for two verdicts in this attempt.
    function slashed(Half memory half, uint256 i) internal pure returns (bool) {
        return (half.members >> (SLASHED + i)) & 1 == 1;
    }

    /// @notice Records that member `i` was slashed.
    function markSlashed(Half memory half, uint256 i) internal pure {
        half.members |= 1 << (SLASHED + i);
    }
}
