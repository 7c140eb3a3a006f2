// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RankShares} from "../../contracts/libraries/RankShares.sol";
import {Test} from "../support/solidity/Test.sol";

contract RankSharesTest is Test {
    function test_total_IsTheSumOfPowersOfFourFifths() public pure {
        for (uint256 ranks = 1; ranks <= 8; ++ranks) {
            uint256 sum;
            for (uint256 k; k < ranks; ++k) sum += (78125 * 4 ** k) / 5 ** k;
            assertEq(RankShares.total(ranks), sum, "sum of weights");
        }
    }

    function testFuzz_share_FallsAndSumsToAtMostThePot(uint256 pot, uint256 ranks) public pure {
        pot = bound(pot, 1e9, 2 ** 80);
        ranks = bound(ranks, 1, 8);
        uint256 sum = RankShares.total(ranks);
        uint256 paid;
        uint256 last = type(uint256).max;
        for (uint256 k; k < ranks; ++k) {
            uint256 share = RankShares.share(pot, k, sum);
            assertLt(share, last, "each rank earns less");
            paid += last = share;
        }
        assertLe(paid, pot, "never more than the pot");
        assertLt(pot, paid + ranks, "rounding loses less than one unit a rank");
    }

    function testFuzz_share_IsAFifthLessEachRank(uint256 pot, uint256 ranks) public pure {
        pot = bound(pot, 1e9, 2 ** 80);
        ranks = bound(ranks, 2, 8);
        uint256 sum = RankShares.total(ranks);
        for (uint256 k = 1; k < ranks; ++k) {
            uint256 before = RankShares.share(pot, k - 1, sum) * 4;
            uint256 here = RankShares.share(pot, k, sum) * 5;
            assertLe(here, before + 5, "four fifths");
            assertLe(before, here + 5, "four fifths");
        }
    }
}
