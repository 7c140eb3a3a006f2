// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockhashBeacon} from "../../contracts/beacons/BlockhashBeacon.sol";
import {ForeignCall} from "../../contracts/libraries/ForeignCall.sol";
import {Permutation} from "../../contracts/libraries/Permutation.sol";
import {Test} from "../support/solidity/Test.sol";

/// @title Answers like the history contract of EIP-2935, which serves the last 8,191 blocks and reverts for others
contract HistoryDouble {
    fallback(bytes calldata input) external returns (bytes memory) {
        uint256 number = abi.decode(input, (uint256));
        if (number >= block.number || number + 8191 < block.number) revert();
        return abi.encode(keccak256(abi.encode("history", number)));
    }
}

contract BlockhashBeaconTest is Test {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    BlockhashBeacon private _beacon;

    function setUp() public {
        vm.roll(20_000);
        vm.etch(HISTORY, address(new HistoryDouble()).code);
        _beacon = new BlockhashBeacon(3);
    }

    function test_constructor_RevertWhen_TheLagIsOutOfBounds() public {
        vm.expectRevert(abi.encodeWithSelector(BlockhashBeacon.InvalidLag.selector, 1, 2, 65_535));
        new BlockhashBeacon(1);
        assertEq(new BlockhashBeacon(2).lag(), 2, "two is enough");
        vm.expectRevert(abi.encodeWithSelector(BlockhashBeacon.InvalidLag.selector, 65_536, 2, 65_535));
        new BlockhashBeacon(65_536);
        assertEq(new BlockhashBeacon(65_535).scheduleFor(address(this)).lag, 65_535, "the most that a schedule holds");
    }

    function test_nextRound_IsAheadByTheLagAndOpen() public view {
        assertEq(_beacon.nextRound(), 20_003, "round");
        assertTrue(_beacon.isOpen(_beacon.nextRound()), "open");
        assertEq(_beacon.value(_beacon.nextRound()), 0, "unknown");
    }

    function test_isOpen_EndsOneBlockBeforeTheRound() public {
        vm.roll(20_001);
        assertTrue(_beacon.isOpen(20_003), "two blocks before");
        vm.roll(20_002);
        assertFalse(_beacon.isOpen(20_003), "the next block's proposer knows it");
        vm.roll(20_003);
        assertFalse(_beacon.isOpen(20_003), "in the block itself");
    }

    function test_value_IsKnownFromTheNextBlockOn() public {
        vm.roll(20_003);
        assertEq(_beacon.value(20_003), 0, "not in the block itself");
        vm.roll(20_004);
        vm.setBlockhash(20_003, bytes32("hash"));
        assertEq(_beacon.value(20_003), bytes32("hash"), "in the next");
    }

    /// @dev Attack (D5): the builder of the round's block withholds it when it dislikes its hash, and takes what the next builder's block says. That is
    /// one more draw and no more: the round is a block's number, whoever builds it. Its chance of s is 1 − (1 − s)² then, here with a tenth of the seats.
    function test_attack_WithholdingTheBlockIsOneMoreDraw() public {
        uint256 round = _beacon.nextRound();
        uint256 wins;
        for (uint256 i; i < 2000; ++i) {
            if (_drawsOwnSeat(round, i, "own block") || _drawsOwnSeat(round, i, "next builder's")) ++wins;
        }
        // 380 in the mean; four standard deviations are 70. The hashes are always the same.
        assertLe(310, wins, "about 19 %");
        assertLe(wins, 450, "about 19 %");
    }

    /// @dev Whether the first candidate of a workload is one of the builder's ten seats of a hundred.
    function _drawsOwnSeat(uint256 round, uint256 workload, string memory block_) private returns (bool) {
        vm.roll(round);
        assertEq(_beacon.value(uint32(round)), 0, "nobody can draw by a block that was not built");
        vm.roll(round + 1);
        vm.setBlockhash(round, keccak256(abi.encode(block_, workload)));
        bytes32 seed = keccak256(abi.encode(_beacon.value(uint32(round)), workload));
        return Permutation.prefix(seed, 100, 1)[0] < 10;
    }

    function test_value_StaysTheSameWithinReachAndComesFromHistoryLater() public {
        vm.roll(20_003 + 256);
        vm.setBlockhash(20_003, bytes32("hash"));
        assertEq(_beacon.value(20_003), bytes32("hash"), "256 blocks back");
        vm.roll(20_003 + 257);
        assertEq(_beacon.value(20_003), keccak256(abi.encode("history", 20_003)), "from the history contract");
        vm.roll(20_003 + 8191);
        assertEq(_beacon.value(20_003), keccak256(abi.encode("history", 20_003)), "its last block");
        _redraws(8192, 31);
    }

    function test_value_IsDrawnAgainEvery256BlocksWhereThereIsNoHistory() public {
        vm.etch(HISTORY, "");
        _redraws(257, 1);
        _redraws(512, 1);
        _redraws(513, 2);
        _redraws(8192, 31);
    }

    function test_value_IsDrawnAgainWhereHistoryAnswersWithZeroOrNonsense() public {
        // A contract that returns a zero word, and one that returns a single byte.
        vm.etch(HISTORY, hex"60206000f3");
        _redraws(300, 1);
        vm.etch(HISTORY, hex"60016000f3");
        _redraws(300, 1);
    }

    /// @dev Attack: ask with so little gas that the history cannot answer, so that the round is drawn again while its own hash is still to be had.
    function test_value_RevertWhen_GasStarved() public {
        vm.roll(20_003 + 5000);
        vm.setBlockhash(20_003 + 19 * 256, bytes32("another block's"));
        uint256 refused;
        uint256 answered;
        for (uint256 gas_ = 500; gas_ < 60_000; gas_ += 250) {
            (bool ok, bytes memory answer) = address(_beacon).staticcall{gas: gas_}(
                abi.encodeCall(_beacon.value, (20_003))
            );
            if (ok) {
                ++answered;
                assertEq(bytes32(answer), keccak256(abi.encode("history", 20_003)), "its own");
            } else if (bytes4(answer) == ForeignCall.NotEnoughGas.selector) ++refused;
        }
        assertTrue(refused != 0 && answered != 0, "both sides of the border were tried");
    }

    /// @dev `age` blocks after the round its value is the hash of the block `times` · 256 later.
    function _redraws(uint256 age, uint256 times) private {
        vm.roll(20_003 + age);
        vm.setBlockhash(20_003 + times * 256, keccak256(abi.encode(age)));
        assertEq(_beacon.value(20_003), keccak256(abi.encode(age)), "drawn again");
    }
}
