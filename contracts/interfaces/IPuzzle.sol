// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A puzzle: work that a seat's machine can do in time and a lesser one cannot
/// @notice Every seat of a check gets a seed of its own, so a solution serves one seat (design §5). A puzzle's difficulty is compiled into
/// its contract: it cannot change under a running check.
interface IPuzzle {
    /// @notice Whether `solution` solves the puzzle of `seed`. May revert on a malformed solution instead of returning false.
    /// @param seed Seed of one seat in one check; nobody could know it before the check's beacon round.
    /// @param operator Operator of the seat; context for puzzles whose statement includes it, ignored by others.
    /// @param solution Solution in the encoding of the puzzle.
    /// @return solved True if and only if it does.
    function isSolved(bytes32 seed, address operator, bytes calldata solution) external view returns (bool solved);
}
