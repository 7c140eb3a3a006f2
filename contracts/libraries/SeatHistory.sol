// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The last five values of a number, each with the epoch from which it counts, in one word
/// @notice Five are enough for the draw: a change made now counts from the next epoch, and a draw looks back three epochs at
/// most, so at most four entries can be newer than the one it needs (design §6; docs/adr/0003-draw.md).
/// @dev Entry = epoch 24 bits | value 24 bits, the newest in the lowest 48 bits. A word of zero reads as value 0 for ever.
library SeatHistory {
    uint256 private constant ENTRY_BITS = 48;
    uint256 private constant VALUE_BITS = 24;
    uint256 private constant VALUE_MASK = (1 << VALUE_BITS) - 1;
    uint256 private constant EPOCH_MASK = (1 << 24) - 1;
    uint256 private constant ENTRIES = 5;
    uint256 private constant WORD_MASK = (1 << (ENTRY_BITS * ENTRIES)) - 1;

    /// @notice Every stored entry is newer than the epoch asked for.
    error HistoryTooShort(uint256 have, uint256 least);

    /// @notice The newest value, whether its epoch has begun or not.
    function newest(uint256 word) internal pure returns (uint256) {
        return word & VALUE_MASK;
    }

    /// @notice Records that the number is `value` from `epoch` on. Epochs never decrease.
    function push(uint256 word, uint256 epoch, uint256 value) internal pure returns (uint256) {
        uint256 entry = (epoch << VALUE_BITS) | value;
        if (word != 0 && (word >> VALUE_BITS) & EPOCH_MASK == epoch) {
            return ((word >> ENTRY_BITS) << ENTRY_BITS) | entry;
        }
        return ((word << ENTRY_BITS) & WORD_MASK) | entry;
    }

    /// @notice The value in force in `epoch`.
    function valueAt(uint256 word, uint256 epoch) internal pure returns (uint256) {
        uint256 since;
        for (uint256 i; i < ENTRIES; ++i) {
            since = (word >> VALUE_BITS) & EPOCH_MASK;
            if (since <= epoch) return word & VALUE_MASK;
            word >>= ENTRY_BITS;
        }
        revert HistoryTooShort(epoch, since);
    }
}
