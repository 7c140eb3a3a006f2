// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a proven workload leaves behind for network rewards: a hash of what burned and who was paid
/// @notice The market keeps 153 bits of the hash in the workload's last word, so the hot path pays a few hundred gas for all of it. The hash covers
/// the workload's id, so a forger must meet the one receipt that an id really ended with (2^153 tries); it cannot search for two that agree.
/// @dev An entry is one word for each rank paid, in order, from bit 0: operator 160 | seat 24 | rank key. A rank key is the commit order for a
/// slot's own seat, and {OPEN_RANK} more for an open slot, so that entries sort as numbers. What a rank was paid follows from its place.
library Receipt {
    /// @notice The bits of a hash that a workload's word has room for: where fee, run time and counters were.
    uint256 internal constant MASK = ((1 << 80) - 1) | (((1 << 36) - 1) << 176) | (((1 << 37) - 1) << 219);

    /// @notice Added to the rank key of open-slot commits; larger than any commit order.
    uint256 internal constant OPEN_RANK = 32;

    uint256 private constant SEAT = 160;
    uint256 private constant RANK_KEY = 184;

    /// @notice An entry.
    function entry(uint256 rankKey_, uint256 seat_, uint160 operator_) internal pure returns (uint256) {
        return (rankKey_ << RANK_KEY) | (seat_ << SEAT) | operator_;
    }

    /// @notice Who was paid.
    function operator(uint256 entry_) internal pure returns (uint160) {
        return uint160(entry_);
    }

    /// @notice For which seat.
    function seat(uint256 entry_) internal pure returns (uint256) {
        return uint24(entry_ >> SEAT);
    }

    /// @notice Whether the proof came through an open slot.
    function isOpen(uint256 entry_) internal pure returns (bool) {
        return entry_ >> RANK_KEY >= OPEN_RANK;
    }

    /// @notice Whether the rank earns network rewards: an own slot's does, and an open one's only if it was committed before all others, for
    /// later ones may have copied the work.
    function earns(uint256 entry_) internal pure returns (bool) {
        return entry_ >> RANK_KEY <= OPEN_RANK;
    }

    /// @notice Hash of a receipt, keccak256(workload ‖ burned ‖ entries); {MASK} tells which bits of it are kept.
    /// @param workload Workload id.
    /// @param burned What burned of the fee, token units.
    /// @param entries One word a rank.
    function hash(bytes32 workload, uint256 burned, uint256[] memory entries) internal pure returns (uint256 digest) {
        assembly ("memory-safe") {
            let words := mload(0x40)
            let length := shl(5, mload(entries))
            mstore(words, workload)
            mstore(add(words, 0x20), burned)
            mcopy(add(words, 0x40), add(entries, 0x20), length)
            digest := keccak256(words, add(0x40, length))
        }
    }

    /// @notice The same for a workload with one rank.
    function hashOfOne(bytes32 workload, uint256 burned, uint256 entry_) internal pure returns (uint256 digest) {
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, workload)
            mstore(add(words, 0x20), burned)
            mstore(add(words, 0x40), entry_)
            digest := keccak256(words, 0x60)
        }
    }
}
