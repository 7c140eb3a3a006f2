// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A beacon whose answers are no rounds
/// @notice Its mood is part of its code, so that it can take another's place.
contract BadBeacon {
    uint8 private immutable _mood;

    /// @param mood 0: burns all gas, 1: answers nothing, 2: too short, 3: a number too large, 4: a megabyte of error, 5: as much error as it can pay
    /// for with sixty thousand gas.
    constructor(uint8 mood) {
        _mood = mood;
    }

    /// @notice Answers as its mood is.
    fallback() external {
        uint256 mood = _mood;
        assembly {
            switch mood
            case 0 {
                invalid()
            }
            case 1 {
                stop()
            }
            case 2 {
                mstore(0, not(0))
                return(0, 31)
            }
            case 3 {
                mstore(0, shl(32, 1))
                return(0, 32)
            }
            case 4 {
                revert(0, 0x100000)
            }
            default {
                revert(0, 0x18000)
            }
        }
    }
}
