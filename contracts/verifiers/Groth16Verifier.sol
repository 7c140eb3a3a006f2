// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";

/// @title Groth16 on BN254
/// @notice Checks e(A, B) = e(alpha, beta) · e(inputs, gamma) · e(C, delta) with the precompiles of EIP-196 and EIP-197. A derived
/// contract compiles its verifying key in.
/// @dev A proof is 256 bytes: A (x, y), B (x imaginary, x real, y imaginary, y real), C (x, y). Every valid proof has exactly one
/// encoding of each point: the precompiles refuse coordinates that are not reduced, points off the curve and points of G2 outside the
/// subgroup. Groth16 proofs are malleable (anyone can turn a valid proof into another valid one of the same statement), so the
/// bytes of a proof say nothing about who computed it.
abstract contract Groth16Verifier is IProofVerifier {
    uint256 private constant FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
    uint256 private constant SCALARS = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    uint256 private constant EC_ADD = 0x06;
    uint256 private constant EC_MUL = 0x07;
    uint256 private constant EC_PAIRING = 0x08;

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32,
        address,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external view returns (bool valid) {
        return _isValid(publicInputs, proof);
    }

    /// @dev Whether the proof is valid: all of `verify`, whose other arguments say nothing here.
    /// @param publicInputs What is proved, 32-byte words.
    /// @param proof 256 bytes.
    /// @return valid True if and only if it is.
    function _isValid(bytes calldata publicInputs, bytes calldata proof) internal view returns (bool valid) {
        if (proof.length != 256) return false;
        uint256 pairs;
        assembly ("memory-safe") {
            // Four pairs of six words: -A, B; alpha, beta; inputs, gamma; C, delta.
            pairs := mload(64)
            mstore(64, add(pairs, 768))
            calldatacopy(pairs, proof.offset, 192)
            calldatacopy(add(pairs, 576), add(proof.offset, 192), 64)
            let y := mload(add(pairs, 32))
            mstore(add(pairs, 32), sub(FIELD, y))
            // A verifier program off chain refuses the point at infinity too; both must agree on every proof.
            let b := or(mload(add(pairs, 64)), mload(add(pairs, 96)))
            b := or(b, or(mload(add(pairs, 128)), mload(add(pairs, 160))))
            let c := or(mload(add(pairs, 576)), mload(add(pairs, 608)))
            valid := iszero(or(or(iszero(y), iszero(b)), or(iszero(c), iszero(lt(y, FIELD)))))
        }
        if (!valid) return false;
        if (!_writeKey(pairs, publicInputs)) return false;
        assembly ("memory-safe") {
            pop(staticcall(gas(), EC_PAIRING, pairs, 768, 0, 32))
            valid := and(eq(returndatasize(), 32), eq(mload(0), 1))
        }
    }

    /// @dev Adds the multiple of a point of the key to the sum of the inputs in words 12 and 13. Words 14 to 16, where the key comes later,
    /// are used up.
    /// @param pairs Where the 24 words of the four pairs begin in memory.
    /// @param x Coordinate of the point.
    /// @param y Coordinate of the point.
    /// @param factor Where the public input is in the calldata.
    /// @return done False if the factor is not below the order of the scalar field, where it would be a second name of a smaller one, or
    /// if a precompile does not exist: their arguments are points of the key, so they cannot fail otherwise.
    function _addInput(uint256 pairs, uint256 x, uint256 y, uint256 factor) internal view returns (bool done) {
        assembly ("memory-safe") {
            let sum := add(pairs, 384)
            let multiple := add(pairs, 448)
            factor := calldataload(factor)
            mstore(multiple, x)
            mstore(add(pairs, 480), y)
            mstore(add(pairs, 512), factor)
            // A precompile that refuses or does not exist answers with nothing, whether its call succeeds or not.
            pop(staticcall(gas(), EC_MUL, multiple, 96, multiple, 64))
            let multiplied := eq(returndatasize(), 64)
            pop(staticcall(gas(), EC_ADD, sum, 128, sum, 64))
            done := and(lt(factor, SCALARS), and(multiplied, eq(returndatasize(), 64)))
        }
    }

    /// @dev Writes what the key says of the four pairs. First the sum of the inputs: the point of the constant one to words 12 and 13, then
    /// each public input times its point (`_addInput`). Then alpha (x, y) and beta to words 6 to 11, gamma to 14 to 17, delta to 20 to 23.
    /// Points of G2 are x imaginary, x real, y imaginary, y real.
    /// @param pairs Where the 24 words of the four pairs begin in memory.
    /// @param publicInputs The public inputs.
    /// @return done False if there are not as many as the key has points for, or one cannot be added.
    function _writeKey(uint256 pairs, bytes calldata publicInputs) internal view virtual returns (bool done);
}
