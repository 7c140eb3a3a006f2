// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "../interfaces/IMarket.sol";
import {IProverRegistryTypes} from "../interfaces/IProverRegistry.sol";

/// @title A candidate of a draw, in one word
/// @notice As the registry gives it: operator << 96 | price floor << 48 | seat status << 24 | seat.
/// As the market reports it: operator << 96 | slot << 32 | {IMarketTypes-Draw} << 24 | seat.
library Candidate {
    /// @notice Seat id.
    function seat(uint256 candidate) internal pure returns (uint256) {
        return uint24(candidate);
    }

    /// @notice Operator of the seat.
    function operator(uint256 candidate) internal pure returns (uint160) {
        return uint160(candidate >> 96);
    }

    /// @notice Price floor, before the market has looked at the candidate.
    function priceFloor(uint256 candidate) internal pure returns (uint256) {
        return uint40(candidate >> 48);
    }

    /// @notice Whether draws may use the seat, before the market has looked at the candidate. A leaving seat stays drawable.
    function drawable(uint256 candidate) internal pure returns (bool) {
        uint256 status = uint8(candidate >> 24);
        return
            status == uint256(IProverRegistryTypes.SeatStatus.Active) ||
            status == uint256(IProverRegistryTypes.SeatStatus.Leaving);
    }

    /// @notice Whether the draw did `draw` with the candidate, once reported.
    function was(uint256 candidate, IMarketTypes.Draw draw) internal pure returns (bool) {
        return uint8(candidate >> 24) == uint256(draw);
    }

    /// @notice The candidate as the market reports it.
    function report(uint256 candidate, IMarketTypes.Draw draw, uint256 slot) internal pure returns (uint256) {
        return (candidate & ~uint256(type(uint96).max)) | (slot << 32) | (uint256(draw) << 24) | seat(candidate);
    }
}
