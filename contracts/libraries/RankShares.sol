// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What each rank earns
/// @notice Rank k of r gets pot · w_k / Σ w_1..r with w_k = 0.8^(k−1): the fastest the most, each next one a fifth less (design §4).
/// The weights are 0.8^(k−1) · 78125, whole numbers up to the eighth. Shares round down; the remainder burns.
library RankShares {
    /// @dev Weights of ranks 1 to 8, 32 bits each, rank 1 lowest.
    uint256 private constant WEIGHTS =
        78125 |
            (62500 << 32) |
            (50000 << 64) |
            (40000 << 96) |
            (32000 << 128) |
            (25600 << 160) |
            (20480 << 192) |
            (16384 << 224);

    /// @dev Sums of the weights up to each rank, in the same places.
    uint256 private constant TOTALS =
        78125 |
            (140625 << 32) |
            (190625 << 64) |
            (230625 << 96) |
            (262625 << 128) |
            (288225 << 160) |
            (308705 << 192) |
            (325089 << 224);

    /// @notice Sum of the weights of the first `ranks` ranks, one at least.
    function total(uint256 ranks) internal pure returns (uint256 sum) {
        unchecked {
            return uint32(TOTALS >> (32 * (ranks - 1)));
        }
    }

    /// @notice Share of rank `rank` (from 0) of `pot`, given the sum of all weights.
    function share(uint256 pot, uint256 rank, uint256 sum) internal pure returns (uint256) {
        // A pot has 80 bits.
        unchecked {
            return (pot * uint32(WEIGHTS >> (32 * rank))) / sum;
        }
    }
}
