// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPuzzle} from "../interfaces/IPuzzle.sol";

/// @title Hashcash: `count` numbers whose hashes behind the seed fall under a target
/// @notice A solution takes `count` · `work` hashes on average. Many small finds instead of one make the time it takes nearly certain: its
/// standard deviation is 1 / √count of the mean, so that the window can be short without failing honest machines
/// (docs/qualification.md). It measures a machine's rate of keccak-256 and nothing else: for classes of special hardware use {ProofPuzzle}.
/// @dev A solution is `count` numbers of six bytes, rising: no find counts twice, and 2^48 numbers outlast every window.
contract HashcashPuzzle is IPuzzle {
    /// @notice Most numbers a solution may have: their check stays near 30,000 gas.
    uint256 public constant MAX_COUNT = 256;
    /// @dev Bytes of a number.
    uint256 private constant SIZE = 6;
    /// @dev Bits before a number in a word of calldata.
    uint256 private constant SHIFT = 208;

    /// @notice Hashes that one number takes on average.
    uint64 public immutable work;
    /// @notice Numbers in a solution.
    uint256 public immutable count;
    /// @dev A hash below it is a find.
    uint256 private immutable _target;

    /// @notice Work and count are at least 1, the count at most {MAX_COUNT}.
    error InvalidDifficulty(uint64 work, uint256 count, uint256 most);

    /// @param work_ Hashes that one number takes on average.
    /// @param count_ Numbers in a solution.
    constructor(uint64 work_, uint256 count_) {
        if (work_ == 0 || count_ == 0 || count_ > MAX_COUNT) revert InvalidDifficulty(work_, count_, MAX_COUNT);
        work = work_;
        count = count_;
        _target = type(uint256).max / work_;
    }

    /// @inheritdoc IPuzzle
    function isSolved(bytes32 seed, address, bytes calldata solution) external view returns (bool solved) {
        uint256 length = count * SIZE;
        if (solution.length != length) return false;
        uint256 target = _target;
        assembly ("memory-safe") {
            solved := 1
            mstore(0x00, seed)
            // The least that the next number may be. No branch on the way: a wrong number is its sender's cost.
            let least := 0
            let end := add(solution.offset, length)
            for {
                let at := solution.offset
            } lt(at, end) {
                at := add(at, SIZE)
            } {
                let found := shr(SHIFT, calldataload(at))
                mstore(0x20, found)
                solved := and(solved, and(iszero(lt(found, least)), lt(keccak256(0x00, 0x40), target)))
                least := add(found, 1)
            }
        }
    }
}
