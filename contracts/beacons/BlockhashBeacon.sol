// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";

/// @title Block-hash beacon: round = block number, value = hash of that block
/// @notice For local chains and low stakes only: whoever builds the round's block chooses among as many hashes as it can try before
/// the block is due, and a proposer can also withhold the block; nobody else can bias it (docs/threat-model.md). Values stay readable for 8,191 blocks where the
/// chain has EIP-2935, else for 256; a value that is gone reads as zero and the workload ends as unserved.
contract BlockhashBeacon is IBeacon {
    /// @dev History contract of EIP-2935.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// @dev Blocks the BLOCKHASH instruction reaches back.
    uint256 private constant BLOCKHASH_REACH = 256;

    /// @notice Blocks between submission and round.
    uint32 public immutable lag;

    /// @notice The lag must leave at least one block for the margin of {isOpen}.
    error LagTooShort(uint32 lag);

    /// @param lag_ Blocks between submission and round, at least 2.
    constructor(uint32 lag_) {
        if (lag_ < 2) revert LagTooShort(lag_);
        lag = lag_;
    }

    /// @inheritdoc IBeacon
    function nextRound() external view returns (uint32 round) {
        return uint32(block.number) + lag;
    }

    /// @inheritdoc IBeacon
    /// @dev The margin is one block: a proposer of the round's block knows its hash while it builds the block.
    function isOpen(uint32 round) external view returns (bool open) {
        return block.number + 1 < round;
    }

    /// @inheritdoc IBeacon
    function value(uint32 round) external view returns (bytes32 randomness) {
        if (block.number <= round) return 0;
        if (block.number - round <= BLOCKHASH_REACH) return blockhash(round);
        (bool ok, bytes memory data) = HISTORY.staticcall(abi.encode(uint256(round)));
        return ok && data.length == 32 ? abi.decode(data, (bytes32)) : bytes32(0);
    }
}
