// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "../interfaces/IMarket.sol";

/// @title A slot's state in a word that belongs to a seat and is reused
/// @notice From bit 0: payload 160 | tag 64 | state 3 | slot 4 | order 5 | held 1 | streak 4 | reason 2.
/// The payload is the operator, except between commit and reveal, when it is the commitment. `streak` counts the seat's
/// misses in a row and lives in the seat's main word only. The word is never zeroed: writing it again costs 5k, not 22k.
type SlotWord is uint256;

using SlotWordLib for SlotWord global;

/// @title Reading and changing {SlotWord}
library SlotWordLib {
    /// @notice Slot number of a commit to an open slot.
    uint256 internal constant OPEN_SLOT = 15;

    uint256 private constant TAG = 160;
    uint256 private constant STATE = 224;
    uint256 private constant SLOT = 227;
    uint256 private constant ORDER = 231;
    uint256 private constant HELD = 236;
    uint256 private constant STREAK = 237;
    uint256 private constant REASON = 241;

    /// @notice A word for a new slot that keeps the seat's streak.
    function create(
        SlotWord previous,
        uint160 payload_,
        uint256 tag_,
        IMarketTypes.SlotState state_,
        uint256 slot_,
        uint256 order_
    ) internal pure returns (SlotWord) {
        return
            SlotWord.wrap(
                payload_ |
                    (tag_ << TAG) |
                    (uint256(state_) << STATE) |
                    (slot_ << SLOT) |
                    (order_ << ORDER) |
                    (SlotWord.unwrap(previous) & (uint256(15) << STREAK))
            );
    }

    /// @notice Operator or commitment.
    function payload(SlotWord s) internal pure returns (uint160) {
        return uint160(SlotWord.unwrap(s));
    }

    /// @notice Tag of the workload.
    function tag(SlotWord s) internal pure returns (uint256) {
        return uint64(SlotWord.unwrap(s) >> TAG);
    }

    /// @notice State of the slot.
    function state(SlotWord s) internal pure returns (IMarketTypes.SlotState) {
        return IMarketTypes.SlotState((SlotWord.unwrap(s) >> STATE) & 7);
    }

    /// @notice Whether the slot is in `state_`; cheaper than to compare {state}, which checks its range.
    function isIn(SlotWord s, IMarketTypes.SlotState state_) internal pure returns (bool) {
        return (SlotWord.unwrap(s) >> STATE) & 7 == uint256(state_);
    }

    /// @notice Slot number, 15 for an open one.
    function slot(SlotWord s) internal pure returns (uint256) {
        return (SlotWord.unwrap(s) >> SLOT) & 15;
    }

    /// @notice Commit order within the workload.
    function order(SlotWord s) internal pure returns (uint256) {
        return (SlotWord.unwrap(s) >> ORDER) & 31;
    }

    /// @notice Whether the slot counts as accepted.
    function held(SlotWord s) internal pure returns (bool) {
        return (SlotWord.unwrap(s) >> HELD) & 1 == 1;
    }

    /// @notice Misses in a row of the seat.
    function streak(SlotWord s) internal pure returns (uint256) {
        return (SlotWord.unwrap(s) >> STREAK) & 15;
    }

    /// @notice Reason of a failed slot.
    function reason(SlotWord s) internal pure returns (IMarketTypes.FailReason) {
        return IMarketTypes.FailReason((SlotWord.unwrap(s) >> REASON) & 3);
    }

    /// @notice Whether the seat is at work: it takes nothing else until it answers or commits.
    function busy(SlotWord s) internal pure returns (bool) {
        return isIn(s, IMarketTypes.SlotState.Assigned) || isIn(s, IMarketTypes.SlotState.Accepted);
    }

    /// @notice The word in another state.
    function become(SlotWord s, IMarketTypes.SlotState state_) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(s) & ~(uint256(7) << STATE)) | (uint256(state_) << STATE));
    }

    /// @notice The word marked as counted among the acceptances.
    function hold(SlotWord s) internal pure returns (SlotWord) {
        return SlotWord.wrap(SlotWord.unwrap(s) | (1 << HELD));
    }

    /// @notice The word with a commitment (or, after the reveal, the operator) as payload.
    function withPayload(SlotWord s, uint160 payload_) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(s) & ~uint256(type(uint160).max)) | payload_);
    }

    /// @notice The word with its commit order.
    function withOrder(SlotWord s, uint256 order_) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(s) & ~(uint256(31) << ORDER)) | (order_ << ORDER));
    }

    /// @notice The word with the reason of a fail.
    function withReason(SlotWord s, IMarketTypes.FailReason reason_) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(s) & ~(uint256(3) << REASON)) | (uint256(reason_) << REASON));
    }

    /// @notice The word with another streak.
    function withStreak(SlotWord s, uint256 streak_) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(s) & ~(uint256(15) << STREAK)) | (streak_ << STREAK));
    }
}
