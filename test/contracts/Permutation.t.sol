// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Permutation} from "../../contracts/libraries/Permutation.sol";
import {Test} from "../support/solidity/Test.sol";

contract PermutationTest is Test {
    function testFuzz_prefix_AgreesWithAShuffleOfTheWholeSet(bytes32 seed, uint256 n, uint256 length) public pure {
        n = bound(n, 0, 60);
        length = bound(length, 0, 70);
        uint256[] memory deck = new uint256[](n);
        for (uint256 i; i < n; ++i) deck[i] = i;
        uint256[] memory chosen = Permutation.prefix(seed, n, length);
        assertEq(chosen.length, length < n ? length : n, "length");
        for (uint256 i; i < chosen.length; ++i) {
            uint256 j = i + (uint256(keccak256(abi.encode(seed, i))) % (n - i));
            (deck[i], deck[j]) = (deck[j], deck[i]);
            assertEq(chosen[i], deck[i], "element");
        }
    }

    function testFuzz_prefix_IsDistinctAndInside(bytes32 seed, uint256 n) public pure {
        n = bound(n, 1, type(uint24).max);
        uint256[] memory chosen = Permutation.prefix(seed, n, 24);
        for (uint256 i; i < chosen.length; ++i) {
            assertLt(chosen[i], n, "inside");
            for (uint256 k; k < i; ++k) assertTrue(chosen[i] != chosen[k], "distinct");
        }
    }

    /// @dev All 24 orders of four elements: each 1/24 of 4,800 draws = 200, give or take six standard deviations (14 each).
    function test_prefix_EveryOrderIsEquallyLikely() public pure {
        uint256[] memory count = new uint256[](256);
        for (uint256 i; i < 4800; ++i) {
            uint256[] memory p = Permutation.prefix(keccak256(abi.encode(i)), 4, 4);
            ++count[p[0] | (p[1] << 2) | (p[2] << 4) | (p[3] << 6)];
        }
        uint256 orders;
        for (uint256 i; i < 256; ++i) {
            if (count[i] == 0) continue;
            ++orders;
            assertLt(115, count[i], "often enough");
            assertLt(count[i], 285, "not too often");
        }
        assertEq(orders, 24, "all orders");
    }

    function test_prefix_CostDoesNotGrowWithTheSet() public view {
        uint256 before = gasleft();
        Permutation.prefix(bytes32("seed"), 100, 9);
        uint256 small = before - gasleft();
        before = gasleft();
        Permutation.prefix(bytes32("seed"), 10_000_000, 9);
        assertLt(before - gasleft(), small + 1000, "flat");
    }
}
