// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SeatHistory} from "../../contracts/libraries/SeatHistory.sol";
import {Test} from "../support/solidity/Test.sol";

contract SeatHistoryTest is Test {
    using SeatHistory for uint256;

    mapping(uint256 epoch => uint256 value) private _model;

    function test_valueAt_OfNothingIsZeroForEver() public pure {
        assertEq(uint256(0).valueAt(0), 0, "first epoch");
        assertEq(uint256(0).valueAt(type(uint24).max), 0, "last epoch");
        assertEq(uint256(0).newest(), 0, "newest");
    }

    function test_push_InTheSameEpochOverwrites() public pure {
        uint256 word = uint256(0).push(5, 1).push(6, 2).push(6, 3);
        assertEq(word.valueAt(5), 1, "before");
        assertEq(word.valueAt(6), 3, "the last word of the epoch");
        assertEq(word.valueAt(100), 3, "for ever");
        assertEq(word.valueAt(4), 0, "before the first");
    }

    function test_push_KeepsTheLargestEpochAndValue() public pure {
        uint256 word;
        for (uint256 i = 4; i > 0; --i) word = word.push(type(uint24).max - i, type(uint24).max - i);
        word = word.push(type(uint24).max, type(uint24).max);
        for (uint256 i; i <= 4; ++i) assertEq(word.valueAt(type(uint24).max - i), type(uint24).max - i, "value");
    }

    /// @dev Calls from outside, so that the revert can be expected.
    function valueAt(uint256 word, uint256 epoch) external pure returns (uint256) {
        return word.valueAt(epoch);
    }

    function test_valueAt_RevertWhen_EveryEntryIsNewer() public {
        uint256 word;
        for (uint256 epoch = 10; epoch < 15; ++epoch) word = word.push(epoch, epoch);
        vm.expectRevert(abi.encodeWithSelector(SeatHistory.HistoryTooShort.selector, 9, 10));
        this.valueAt(word, 9);
        assertEq(word.valueAt(10), 10, "the oldest kept");
    }

    /// @dev Changes count from the next epoch; at any time the last three epochs and the present one read as a plain list would.
    function testFuzz_valueAt_AgreesWithAPlainListInTheAssignWindow(uint256 random) public {
        uint256 word;
        for (uint256 epoch = 1; epoch < 30; ++epoch) {
            random = uint256(keccak256(abi.encode(random)));
            _model[epoch + 1] = _model[epoch];
            for (uint256 changes = random % 4; changes > 0; --changes) {
                uint256 value = uint24(random >> (24 * changes));
                word = word.push(epoch + 1, value);
                _model[epoch + 1] = value;
            }
            for (uint256 back; back <= 3 && back < epoch; ++back) {
                assertEq(word.valueAt(epoch - back), _model[epoch - back], "value in force");
            }
            assertEq(word.newest(), _model[epoch + 1], "newest");
        }
    }
}
