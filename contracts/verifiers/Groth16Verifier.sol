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

    address private constant EC_ADD = address(6);
    address private constant EC_MUL = address(7);
    address private constant EC_PAIRING = address(8);

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32,
        address,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external view returns (bool valid) {
        uint256[] memory points = _inputPoints();
        if (publicInputs.length != 32 * (points.length / 2 - 1) || proof.length != 256) return false;
        uint256[8] memory p = abi.decode(proof, (uint256[8]));
        // A verifier program off chain refuses the point at infinity too; both must agree on every proof.
        if (p[1] == 0 || p[1] >= FIELD || (p[2] | p[3] | p[4] | p[5]) == 0 || (p[6] | p[7]) == 0) return false;

        (bool reduced, uint256 x, uint256 y) = _combine(points, publicInputs);
        if (!reduced) return false;
        uint256[14] memory key = _pairingKey();
        bytes memory input = abi.encodePacked(
            abi.encode(p[0], FIELD - p[1], p[2], p[3], p[4], p[5]), // -A, B
            abi.encode(key[0], key[1], key[2], key[3], key[4], key[5]), // alpha, beta
            abi.encode(x, y, key[6], key[7], key[8], key[9]), // inputs, gamma
            abi.encode(p[6], p[7], key[10], key[11], key[12], key[13]) // C, delta
        );
        (bool done, bytes memory answer) = EC_PAIRING.staticcall(input);
        return done && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    /// @dev The point of the public inputs: points[0] + Σ input[i] · points[i + 1].
    /// @param points Points of the verifying key, x and y in turn.
    /// @param publicInputs One 32-byte word for each point but the first.
    /// @return reduced False if an input is not below the order of the scalar field: it would be a second name of a smaller one.
    /// @return x Coordinate of the sum.
    /// @return y Coordinate of the sum.
    function _combine(
        uint256[] memory points,
        bytes calldata publicInputs
    ) private view returns (bool reduced, uint256 x, uint256 y) {
        (x, y) = (points[0], points[1]);
        for (uint256 i = 2; i < points.length; i += 2) {
            uint256 scalar = uint256(bytes32(publicInputs[16 * (i - 2):]));
            if (scalar >= SCALARS) return (false, 0, 0);
            (uint256 tx_, uint256 ty) = _point(EC_MUL, abi.encode(points[i], points[i + 1], scalar));
            (x, y) = _point(EC_ADD, abi.encode(x, y, tx_, ty));
        }
        return (true, x, y);
    }

    /// @dev A precompile that answers with a point. Its arguments are points of the key, so it cannot fail where it exists; where it
    /// does not, decoding the empty answer reverts.
    /// @param precompile Its address.
    /// @param input Its argument.
    /// @return x Coordinate.
    /// @return y Coordinate.
    function _point(address precompile, bytes memory input) private view returns (uint256 x, uint256 y) {
        (, bytes memory answer) = precompile.staticcall(input);
        return abi.decode(answer, (uint256, uint256));
    }

    /// @dev alpha (x, y), then beta, gamma and delta (x imaginary, x real, y imaginary, y real each).
    /// @return key The words.
    function _pairingKey() internal pure virtual returns (uint256[14] memory key);

    /// @dev The point of the constant one, then one point for each public input, x and y in turn.
    /// @return points The words.
    function _inputPoints() internal pure virtual returns (uint256[] memory points);
}
