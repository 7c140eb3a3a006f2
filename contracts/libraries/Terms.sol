// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Terms of a workload in one word
/// @notice From bit 0: fee 80 | maximum run time 24 | redundancy 8 | rescue per cent 8 | class 8 | rules number 16 | nonce 32 | account 32.
/// Account and nonce together are the workload's tag: unique, and free of the birthday search a truncated hash would allow.
type Terms is uint256;

using TermsLib for Terms global;

/// @title Reading and packing {Terms}
library TermsLib {
    /// @notice Packs terms; every argument must fit its field.
    /// @param tag_ account << 32 | nonce.
    function pack(
        uint256 fee_,
        uint256 maxRunTime_,
        uint256 redundancy_,
        uint256 rescue_,
        uint256 class_,
        uint256 rules_,
        uint256 tag_
    ) internal pure returns (Terms) {
        return
            Terms.wrap(
                fee_ |
                    (maxRunTime_ << 80) |
                    (redundancy_ << 104) |
                    (rescue_ << 112) |
                    (class_ << 120) |
                    (rules_ << 128) |
                    (tag_ << 144)
            );
    }

    /// @notice Whole fee in token units.
    function fee(Terms t) internal pure returns (uint256) {
        return uint80(Terms.unwrap(t));
    }

    /// @notice Seconds from the draw until commits close.
    function maxRunTime(Terms t) internal pure returns (uint256) {
        return uint24(Terms.unwrap(t) >> 80);
    }

    /// @notice Number of slots.
    function redundancy(Terms t) internal pure returns (uint256) {
        return uint8(Terms.unwrap(t) >> 104);
    }

    /// @notice Hardware class.
    function class(Terms t) internal pure returns (uint8) {
        return uint8(Terms.unwrap(t) >> 120);
    }

    /// @notice Number of the frozen rules.
    function rules(Terms t) internal pure returns (uint256) {
        return uint16(Terms.unwrap(t) >> 128);
    }

    /// @notice Account number and nonce of the requester: unique to the workload.
    function tag(Terms t) internal pure returns (uint256) {
        return uint64(Terms.unwrap(t) >> 144);
    }
}
