// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Prefix of a uniform random permutation
/// @notice Sampling without replacement by a sparse Fisher–Yates shuffle (Durstenfeld, CACM 1964, algorithm 235): cost depends on the
/// length of the prefix alone, never on the size of the set, and there is nothing to reject or retry.
library Permutation {
    /// @notice The first `length` elements of a permutation of 0 … n−1 determined by `seed`.
    /// @dev `value mod (n − i)` of a 256-bit hash is biased by less than n / 2^256.
    /// @param seed Random seed.
    /// @param n Size of the set.
    /// @param length Length of the prefix; cut to `n`.
    function prefix(bytes32 seed, uint256 n, uint256 length) internal pure returns (uint256[] memory chosen) {
        if (length > n) length = n;
        chosen = new uint256[](length);
        // Record k says that position `target` now holds `held`; every other position holds itself. One word: target << 128 | held.
        uint256[] memory records = new uint256[](length);
        for (uint256 i; i < length; ++i) {
            uint256 j;
            assembly ("memory-safe") {
                mstore(0x00, seed)
                mstore(0x20, i)
                j := add(i, mod(keccak256(0x00, 0x40), sub(n, i)))
            }
            uint256 atI = i;
            uint256 atJ = j;
            // The latest record of a position wins, so later entries overwrite earlier ones.
            for (uint256 k; k < i; ++k) {
                uint256 record = records[k];
                uint256 target = record >> 128;
                if (target == i) atI = uint128(record);
                if (target == j) atJ = uint128(record);
            }
            chosen[i] = atJ;
            records[i] = (j << 128) | atI;
        }
    }
}
