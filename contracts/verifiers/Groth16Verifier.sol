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
        uint256[] memory points = _inputPoints();
        if (publicInputs.length != 32 * (points.length / 2 - 1) || proof.length != 256) return false;
        // Four pairs: -A, B; alpha, beta; inputs, gamma; C, delta.
        uint256[24] memory pairs;
        assembly ("memory-safe") {
            calldatacopy(pairs, proof.offset, 192)
            calldatacopy(add(pairs, 576), add(proof.offset, 192), 64)
        }
        uint256 y = pairs[1];
        // A verifier program off chain refuses the point at infinity too; both must agree on every proof.
        if (y == 0 || y >= FIELD || (pairs[18] | pairs[19]) == 0) return false;
        if ((pairs[2] | pairs[3] | pairs[4] | pairs[5]) == 0) return false;
        pairs[1] = FIELD - y;
        _writeKey(pairs);
        (valid, pairs[12], pairs[13]) = _combine(points, publicInputs);
        if (!valid) return false;
        assembly ("memory-safe") {
            valid := staticcall(gas(), EC_PAIRING, pairs, 768, 0, 32)
            // Where the precompile does not exist the call succeeds with no answer.
            valid := and(and(valid, eq(returndatasize(), 32)), eq(mload(0), 1))
        }
    }

    /// @dev The point of the public inputs: points[0] + Σ input[i] · points[i + 1].
    /// @param points Points of the verifying key, x and y in turn.
    /// @param publicInputs One 32-byte word for each point but the first.
    /// @return done False if an input is not below the order of the scalar field, where it would be a second name of a smaller one, or
    /// if a precompile does not exist: their arguments are points of the key, so they cannot fail otherwise.
    /// @return x Coordinate of the sum.
    /// @return y Coordinate of the sum.
    function _combine(
        uint256[] memory points,
        bytes calldata publicInputs
    ) private view returns (bool done, uint256 x, uint256 y) {
        // The sum (x, y); the next point (x, y), which its multiple replaces; the factor.
        uint256[5] memory work;
        (work[0], work[1]) = (points[0], points[1]);
        for (uint256 i = 2; i < points.length; i += 2) {
            uint256 factor = uint256(bytes32(publicInputs[16 * (i - 2):]));
            if (factor >= SCALARS) return (false, 0, 0);
            (work[2], work[3], work[4]) = (points[i], points[i + 1], factor);
            assembly ("memory-safe") {
                let operand := add(work, 64)
                done := staticcall(gas(), EC_MUL, operand, 96, operand, 64)
                done := and(done, eq(returndatasize(), 64))
                let added := staticcall(gas(), EC_ADD, work, 128, work, 64)
                done := and(done, and(added, eq(returndatasize(), 64)))
            }
            if (!done) return (false, 0, 0);
        }
        return (true, work[0], work[1]);
    }

    /// @dev Writes the key's part of the four pairs: alpha (x, y) and beta to words 6 to 11, gamma to 14 to 17, delta to 20 to 23. Points of
    /// G2 are x imaginary, x real, y imaginary, y real.
    /// @param pairs The words.
    function _writeKey(uint256[24] memory pairs) internal pure virtual;

    /// @dev The point of the constant one, then one point for each public input, x and y in turn.
    /// @return points The words.
    function _inputPoints() internal pure virtual returns (uint256[] memory points);
}
