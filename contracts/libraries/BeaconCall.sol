// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {ForeignCall} from "./ForeignCall.sol";

/// @title Questions to a beacon
/// @notice A beacon is any contract that the owner chose, and what was submitted under it keeps it for life. So a beacon that fails, burns gas or
/// answers with too little or too much has simply not answered: no value, no round, no schedule, nothing open. Whoever asks must bring the gas
/// that a beacon may use, or the question is refused with {ForeignCall-NotEnoughGas} (docs/adr/0049-foreign-calls.md).
library BeaconCall {
    /// @notice The beacon names no round at present: it says why ({IBeacon-nextRound}), or is broken.
    error NoRoundYet(address beacon);

    /// @dev Gas a beacon may use for an answer. Ours take less than a seventh of it, so that no repricing of reads breaks them; more would be no
    /// better and make every estimate of a draw's gas larger.
    uint256 internal constant GAS = 60_000;
    /// @dev For the way to the beacon, whose account may be cold.
    uint256 internal constant RESERVE = 10_000;

    /// @dev The value of a round, zero while there is none.
    function valueOf(address beacon, uint256 round) internal view returns (bytes32 randomness) {
        return bytes32(_ask(beacon, IBeacon.value.selector, round, 0x24));
    }

    /// @dev The round that the beacon names, zero if it names none.
    function nextRound(address beacon) internal view returns (uint32 round) {
        uint256 answer = _ask(beacon, IBeacon.nextRound.selector, 0, 0x04);
        return answer > type(uint32).max ? 0 : uint32(answer);
    }

    /// @dev As {nextRound}; reverts if the beacon names none.
    function namedRound(address beacon) internal view returns (uint32 round) {
        round = nextRound(beacon);
        if (round == 0) revert NoRoundYet(beacon);
    }

    /// @dev Whether the beacon says that nobody can know the value of a round yet.
    function isOpen(address beacon, uint256 round) internal view returns (bool open) {
        return _ask(beacon, IBeacon.isOpen.selector, round, 0x24) == 1;
    }

    /// @dev How this contract can count the beacon's rounds; empty if it has to ask.
    function scheduleOf(address beacon) internal view returns (IBeacon.Schedule memory schedule) {
        ForeignCall.checkGas(GAS, RESERVE);
        bytes4 selector = IBeacon.scheduleFor.selector;
        uint256 genesis;
        uint256 period;
        uint256 lag;
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, selector)
            mstore(add(words, 0x04), address())
            let ok := staticcall(GAS, beacon, words, 0x24, words, 0x60)
            if and(ok, gt(returndatasize(), 0x5f)) {
                genesis := mload(words)
                period := mload(add(words, 0x20))
                lag := mload(add(words, 0x40))
            }
        }
        bool fits = genesis <= type(uint40).max && period <= type(uint16).max && lag <= type(uint16).max;
        if (fits) schedule = IBeacon.Schedule(uint40(genesis), uint16(period), uint16(lag));
    }

    /// @dev One word asked for by a selector and, unless the size of the question is four bytes, one argument.
    function _ask(
        address beacon,
        bytes4 selector,
        uint256 argument,
        uint256 size
    ) private view returns (uint256 answer) {
        ForeignCall.checkGas(GAS, RESERVE);
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, argument)
            let ok := staticcall(GAS, beacon, 0x00, size, 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) {
                answer := mload(0x00)
            }
        }
    }
}
