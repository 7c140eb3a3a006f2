// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SlotWord} from "../libraries/SlotWord.sol";
import {ProgramStore} from "./ProgramStore.sol";

/// @title Slot words: what a seat owes to which workload
/// @notice Each seat has one main word and three side words. New work always takes the main word. A seat is free for it as soon as
/// it has committed: an unsettled word then moves to a side word, and when all three are taken the seat counts as busy.
abstract contract SlotStore is ProgramStore {
    /// @notice Misses in a row that drop a seat from the active set.
    uint256 public constant MISS_STREAK = 3;
    /// @dev Main word and side words of a seat.
    uint256 private constant WORDS = 4;

    /// @dev Key: seat × 4 + number of the word, 0 the main one.
    mapping(uint256 key => SlotWord word) internal _slots;

    /// @dev Frees the main word of a seat that is not at work, moving an unsettled word aside.
    /// @return free False when the seat is at work or has no room.
    /// @return previous The main word, whose streak the next one keeps.
    function _makeRoom(uint256 seat) internal returns (bool free, SlotWord previous) {
        previous = _slots[seat * WORDS];
        if (previous.isIn(SlotState.Free)) return (true, previous);
        if (previous.busy()) return (false, previous);
        uint256 mainKey = seat * WORDS;
        for (uint256 key = mainKey + 1; key != mainKey + WORDS; ++key) {
            if (_slots[key].isIn(SlotState.Free)) {
                _slots[key] = previous;
                return (true, previous);
            }
        }
        return (false, previous);
    }

    /// @dev Key of a seat's main word.
    function _mainKey(uint256 seat) internal pure returns (uint256) {
        return seat * WORDS;
    }

    /// @dev The word of `seat` for the workload with `tag`, wherever it is.
    /// @return key Key of the word.
    /// @return s The word; its state is Free when the seat holds no slot of the workload.
    function _find(uint256 seat, uint256 tag) internal view returns (uint256 key, SlotWord s) {
        // Checked: a seat number too large must not pass for another seat's.
        key = seat * WORDS;
        unchecked {
            for (uint256 end = key + WORDS; key != end; ++key) {
                s = _slots[key];
                if (s.tag() == tag && !s.isIn(SlotState.Free)) return (key, s);
            }
        }
        return (0, SlotWord.wrap(0));
    }

    /// @dev Frees a word and keeps the books of misses: a miss lengthens the seat's streak, a proof ends it.
    /// @param workload For the event.
    /// @param missed Whether the seat answered and delivered no valid proof.
    function _free(bytes32 workload, uint256 key, SlotWord s, bool missed, bool proved) internal {
        uint256 mainKey = key & ~(WORDS - 1);
        SlotWord freed = s.become(SlotState.Free);
        SlotWord main = key == mainKey ? freed : _slots[mainKey];
        uint256 streak = main.streak();
        if (missed) {
            uint256 seat = key / WORDS;
            ++streak;
            emit Missed(workload, seat, streak);
            if (streak == MISS_STREAK) {
                streak = 0;
                registry.drop(seat);
            }
        } else if (proved) {
            streak = 0;
        }
        if (key != mainKey) {
            _slots[key] = freed;
            if (streak == main.streak()) return;
        }
        _slots[mainKey] = main.withStreak(streak);
    }
}
