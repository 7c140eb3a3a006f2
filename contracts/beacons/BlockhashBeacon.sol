// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {ForeignCall} from "../libraries/ForeignCall.sol";

/// @title Block-hash beacon: round = block number, value = hash of that block
/// @notice For local chains and low stakes only: whoever builds the round's block chooses among as many hashes as it can try before
/// the block is due, and a proposer can also withhold the block; nobody else can bias it (docs/threat-model.md).
/// REDRAW. A block's hash stays readable for 8,191 blocks where the chain has EIP-2935, else for 256. Once it is gone, the round is drawn again from
/// the block 256, 512, … later whose hash is still to be had: the same for everyone, and another one every 256 blocks. Whoever would
/// like a redraw must keep everybody from using the first value all that time.
contract BlockhashBeacon is IBeacon {
    /// @dev History contract of EIP-2935.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// @dev Gas for it: a cold account and a cold word, several times over.
    uint256 private constant HISTORY_GAS = 30_000;
    /// @dev Gas for the way there and back.
    uint256 private constant GAS_RESERVE = 5_000;
    /// @dev Blocks the BLOCKHASH instruction reaches back.
    uint256 private constant BLOCKHASH_REACH = 256;

    /// @dev Bounds of the lag.
    uint32 private constant MIN_LAG = 2;
    uint32 private constant MAX_LAG = type(uint16).max;

    /// @notice Blocks between submission and round.
    uint32 public immutable lag;

    /// @notice The lag must leave at least one block for the margin of {isOpen}, and fit {IBeacon-Schedule}.
    error InvalidLag(uint32 have, uint32 least, uint32 most);

    /// @param lag_ Blocks between submission and round, from 2 to 65,535.
    constructor(uint32 lag_) {
        if (lag_ < MIN_LAG || lag_ > MAX_LAG) revert InvalidLag(lag_, MIN_LAG, MAX_LAG);
        lag = lag_;
    }

    /// @inheritdoc IBeacon
    function nextRound() external view returns (uint32 round) {
        return uint32(block.number) + lag;
    }

    /// @inheritdoc IBeacon
    /// @dev The same for everyone: block numbers are never in doubt.
    function scheduleFor(address) external view returns (Schedule memory) {
        return Schedule({genesis: 0, period: 0, lag: uint16(lag)});
    }

    /// @inheritdoc IBeacon
    /// @dev The margin is one block: a proposer of the round's block knows its hash while it builds the block.
    function isOpen(uint32 round) external view returns (bool open) {
        return block.number + 1 < round;
    }

    /// @inheritdoc IBeacon
    function value(uint32 round) external view returns (bytes32 randomness) {
        if (block.number <= round) return 0;
        uint256 age = block.number - round;
        if (age <= BLOCKHASH_REACH) return blockhash(round);
        // Whoever asks with little gas must not get another block's hash.
        ForeignCall.checkGas(HISTORY_GAS, GAS_RESERVE);
        (, uint256 hash) = ForeignCall.ask(HISTORY, HISTORY_GAS, abi.encode(round));
        randomness = bytes32(hash);
        if (randomness == 0) randomness = blockhash(round + ((age - 1) / BLOCKHASH_REACH) * BLOCKHASH_REACH);
    }
}
