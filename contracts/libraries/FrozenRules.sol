// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The rules that every workload needs after its draw, in 79 bits
/// @notice From bit 0: reveal delay 12 | reveal window 12 | base burn 11 | assign bounty 22 | settle bounty 22. The draw copies them into the
/// workload's word, in place of the fee, which is in the spec: so no reveal and no settlement reads the rules.
type FrozenRules is uint80;

using FrozenRulesLib for FrozenRules global;

/// @title Reading and packing {FrozenRules}
library FrozenRulesLib {
    /// @notice Bounties are whole numbers of this many gwei of the token, a millionth of a token.
    uint256 internal constant BOUNTY_STEP = 1000;
    /// @notice The largest bounty, in gwei: 4.19 tokens.
    uint256 internal constant MAX_BOUNTY = ((1 << 22) - 1) * BOUNTY_STEP;

    uint256 private constant WINDOW = 12;
    uint256 private constant BURN = 24;
    uint256 private constant ASSIGN = 35;
    uint256 private constant SETTLE = 57;
    uint256 private constant BOUNTY_MASK = (1 << 22) - 1;
    /// @dev A bounty's step in token units.
    uint256 private constant STEP_UNITS = BOUNTY_STEP * 1e9;
    uint256 private constant BPS = 10_000;

    /// @notice Packs rules; windows must be below 2^12 s, the burn below 2^11 basis points, the bounties (in gwei) within {MAX_BOUNTY}.
    function pack(
        uint256 revealDelay_,
        uint256 revealWindow_,
        uint256 baseBurnBps_,
        uint256 assignBounty_,
        uint256 settleBounty_
    ) internal pure returns (FrozenRules) {
        return
            FrozenRules.wrap(
                uint80(
                    revealDelay_ |
                        (revealWindow_ << WINDOW) |
                        (baseBurnBps_ << BURN) |
                        ((assignBounty_ / BOUNTY_STEP) << ASSIGN) |
                        ((settleBounty_ / BOUNTY_STEP) << SETTLE)
                )
            );
    }

    /// @notice Seconds between the close of commits and the first reveal.
    function revealDelay(FrozenRules f) internal pure returns (uint256) {
        return FrozenRules.unwrap(f) & 4095;
    }

    /// @notice Seconds in which commits can be revealed.
    function revealWindow(FrozenRules f) internal pure returns (uint256) {
        return (FrozenRules.unwrap(f) >> WINDOW) & 4095;
    }

    /// @notice Part of the fee that always burns, in basis points.
    function baseBurnBps(FrozenRules f) internal pure returns (uint256) {
        return (FrozenRules.unwrap(f) >> BURN) & 2047;
    }

    /// @notice Paid for the draw, in token units.
    function assignBounty(FrozenRules f) internal pure returns (uint256) {
        unchecked {
            return ((FrozenRules.unwrap(f) >> ASSIGN) & BOUNTY_MASK) * STEP_UNITS;
        }
    }

    /// @notice Paid for ending a workload, in token units.
    function settleBounty(FrozenRules f) internal pure returns (uint256) {
        unchecked {
            return ((FrozenRules.unwrap(f) >> SETTLE) & BOUNTY_MASK) * STEP_UNITS;
        }
    }

    /// @notice The part of `fee` that burns by rule.
    function baseBurnOf(FrozenRules f, uint256 fee) internal pure returns (uint256) {
        // A fee has 80 bits.
        unchecked {
            return (fee * baseBurnBps(f)) / BPS;
        }
    }

    /// @notice What is left of `fee` for the ranks: fee − base burn − bounties.
    function potOf(FrozenRules f, uint256 fee) internal pure returns (uint256) {
        return fee - baseBurnOf(f, fee) - assignBounty(f) - settleBounty(f);
    }
}
