// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryErrors, IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice Invariant 15: candidates are a pure function of seed and frozen epoch, whatever happens afterwards.
contract ProverRegistryDrawTest is MarketFixture, IProverRegistryErrors, IProverRegistryTypes {
    using RequestBuilder for Request;

    /// @dev The set of each epoch, kept in the plainest way.
    mapping(uint256 epoch => uint256[] seats) private _model;
    uint256[] private _set;

    function test_draw_NamesSeatOperatorFloorAndStatus() public sound {
        uint256 seat = stake(account("dear"), 1, 123);
        nextEpoch();
        leaveSet(seat);
        uint256[] memory candidates = registry.draw(CLASS, bytes32("seed"), registry.currentEpoch(), 0, 6);
        assertEq(candidates.length, 6, "all");
        for (uint256 i; i < 6; ++i) {
            if (uint24(candidates[i]) != seat) continue;
            assertEq(address(uint160(candidates[i] >> 96)), account("dear"), "operator");
            assertEq(uint40(candidates[i] >> 48), 123, "floor");
            assertEq(uint8(candidates[i] >> 24), uint256(SeatStatus.Leaving), "status");
            return;
        }
        revert("the seat is not among the candidates");
    }

    function test_draw_IsCutToTheSet() public sound {
        uint256 epoch = registry.currentEpoch();
        assertEq(registry.draw(CLASS, bytes32("seed"), epoch, 0, 8).length, 5, "five seats");
        assertEq(registry.draw(CLASS, bytes32("seed"), epoch, 4, 8).length, 1, "the last");
        assertEq(registry.draw(CLASS, bytes32("seed"), epoch, 5, 8).length, 0, "none");
        assertEq(registry.draw(9, bytes32("seed"), epoch, 0, 8).length, 0, "no such class");
        assertEq(registry.draw(CLASS, bytes32("seed"), 0, 0, 8).length, 0, "before the first epoch");
    }

    function test_draw_RevertWhen_TheEpochIsTooOld() public sound {
        uint256 epoch = registry.currentEpoch();
        for (uint256 i; i < 3; ++i) nextEpoch();
        registry.draw(CLASS, bytes32("seed"), epoch, 0, 1);
        nextEpoch();
        vm.expectRevert(abi.encodeWithSelector(EpochTooOld.selector, epoch, epoch + 1));
        registry.draw(CLASS, bytes32("seed"), epoch, 0, 1);
    }

    function testFuzz_draw_PartsMakeTheWhole(bytes32 seed, uint256 cut) public sound {
        stakeMany(20);
        cut = bound(cut, 0, 24);
        uint256 epoch = registry.currentEpoch();
        uint256[] memory whole = registry.draw(CLASS, seed, epoch, 0, 24);
        uint256[] memory head = registry.draw(CLASS, seed, epoch, 0, cut);
        uint256[] memory tail = registry.draw(CLASS, seed, epoch, cut, 24 - cut);
        for (uint256 i; i < 24; ++i) assertEq(whole[i], i < cut ? head[i] : tail[i - cut], "same sequence");
        for (uint256 i; i < 24; ++i) {
            for (uint256 k; k < i; ++k) assertTrue(uint24(whole[i]) != uint24(whole[k]), "distinct seats");
        }
    }

    /// @dev Joins and leaves at random over many epochs; each draw of the last three epochs agrees with a plain copy of their sets.
    function testFuzz_draw_AgreesWithAPlainModel(uint256 random) public sound {
        for (uint256 seat = 1; seat <= 5; ++seat) _set.push(seat);
        uint256 epoch = registry.currentEpoch();
        _model[epoch] = _set;
        for (uint256 step; step < 12; ++step) {
            random = uint256(keccak256(abi.encode(random)));
            uint256 changes = random % 4;
            for (uint256 i; i < changes; ++i) _change(uint256(keccak256(abi.encode(random, i))));
            _model[epoch + 1] = _set;
            uint256 oldest = epoch > 3 ? epoch - 3 : 2;
            for (uint256 e = oldest; e <= epoch; ++e) _compare(e, bytes32(random));
            nextEpoch();
            ++epoch;
        }
    }

    /// @dev The position of a seat in the set is part of the draw, so the model removes as the registry says it does.
    function _change(uint256 random) private {
        if (random % 2 == 0 && _set.length != 0) {
            uint256 position = (random >> 8) % _set.length;
            uint256 seat = _set[position];
            leaveSet(seat);
            _set[position] = _set[_set.length - 1];
            _set.pop();
        } else {
            _set.push(stake(account("joiner"), 1, 0));
        }
    }

    function _compare(uint256 epoch, bytes32 seed) private view {
        uint256[] memory set = _model[epoch];
        assertEq(registry.activeSeats(CLASS, epoch), set.length, "size of the set");
        uint256[] memory candidates = registry.draw(CLASS, seed, epoch, 0, 24);
        uint256[] memory deck = set;
        uint256 count = set.length < 24 ? set.length : 24;
        assertEq(candidates.length, count, "number of candidates");
        for (uint256 i; i < count; ++i) {
            uint256 j = i + (uint256(keccak256(abi.encode(seed, i))) % (deck.length - i));
            (deck[i], deck[j]) = (deck[j], deck[i]);
            assertEq(uint24(candidates[i]), deck[i], "candidate");
        }
    }

    /// @dev A position that changes in every epoch keeps what the assign window needs (SeatHistory's worst case).
    function test_draw_ASeatPositionThatChangesInEveryEpochIsRemembered() public sound {
        // The set's last position changes hands in each epoch: its seat leaves, another joins.
        uint256[] memory holder = new uint256[](20);
        uint256 first = registry.currentEpoch();
        uint256 last = seatOf[erin];
        holder[first] = last;
        for (uint256 epoch = first; epoch < first + 12; ++epoch) {
            leaveSet(last);
            last = stake(account("joiner"), 1, 0);
            holder[epoch + 1] = last;
            uint256 oldest = epoch < first + 3 ? first : epoch - 3;
            for (uint256 e = oldest; e <= epoch; ++e) {
                uint256[] memory all = registry.draw(CLASS, bytes32("seed"), e, 0, 5);
                bool found;
                for (uint256 i; i < 5; ++i) if (uint24(all[i]) == holder[e]) found = true;
                assertTrue(found, "the holder of that epoch");
            }
            nextEpoch();
        }
    }

    /// @dev The same workload draws the same candidates, however the set changes between submission and draw, and whoever assigns when.
    function testFuzz_draw_NothingAfterSubmissionMatters(uint256 random, bytes32 value) public sound {
        Workload memory w = submit(aRequest().withSlots(2));
        beacon.publish(uint32(w.round), value);
        bytes32 seed = keccak256(abi.encode(value, w.id));
        uint256[] memory before = registry.draw(CLASS, seed, w.epoch, 0, 6);
        uint256 epochs = random % 4;
        for (uint256 i; i <= epochs; ++i) {
            random = uint256(keccak256(abi.encode(random)));
            if (random % 2 == 0) stake(account("late joiner"), 1 + (random % 3), 0);
            uint256 seat = 1 + ((random >> 16) % 5);
            if (registry.seatOf(seat).status == SeatStatus.Active) leaveSet(seat);
            if (i < epochs) nextEpoch();
        }
        uint256[] memory afterwards = registry.draw(CLASS, seed, w.epoch, 0, 6);
        assertEq(afterwards.length, before.length, "length");
        for (uint256 i; i < before.length; ++i) assertEq(uint24(afterwards[i]), uint24(before[i]), "seat");
        assign(w);
        assertSlot(w, uint24(before[0]), SlotState.Assigned);
        assertSlot(w, uint24(before[1]), SlotState.Assigned);
    }

    /// @dev 2,000 draws of one of five seats: each seat 400 times, give or take six standard deviations (18 each).
    function test_draw_IsUniform() public sound {
        uint256[] memory count = new uint256[](6);
        uint256 epoch = registry.currentEpoch();
        for (uint256 i; i < 2000; ++i) ++count[uint24(registry.draw(CLASS, keccak256(abi.encode(i)), epoch, 0, 1)[0])];
        for (uint256 seat = 1; seat <= 5; ++seat) {
            assertLt(292, count[seat], "often enough");
            assertLt(count[seat], 508, "not too often");
        }
    }

    /// @dev Gas of a draw does not grow with the set.
    function test_draw_CostsTheSameForBigSets() public sound {
        stake(alice, 59, 0);
        nextEpoch();
        uint256 small = _drawGas();
        for (uint256 i; i < 10; ++i) stake(alice, 64, 0);
        nextEpoch();
        uint256 large = _drawGas();
        assertLt(large, small + small / 50, "within 2 per cent for eleven times the seats");
    }

    function _drawGas() private view returns (uint256 used) {
        uint256 epoch = registry.currentEpoch();
        for (uint256 i; i < 20; ++i) {
            uint256 before = gasleft();
            registry.draw(CLASS, keccak256(abi.encode(i)), epoch, 0, 3);
            used += before - gasleft();
        }
    }
}
