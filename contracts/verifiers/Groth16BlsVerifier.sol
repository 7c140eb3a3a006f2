// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Groth16 on BLS12-381
/// @notice Checks e(A, B) = e(alpha, beta) · e(inputs, gamma) · e(C, delta) with the precompiles of EIP-2537. On a chain without them no
/// proof is valid.
/// @dev A proof is 384 bytes: A (x, y), B (x real, x imaginary, y real, y imaginary), C (x, y), 48 bytes each, big-endian. Every valid
/// proof has one encoding of each point: the precompiles refuse coordinates that are not reduced, points off the curve and points outside
/// the subgroup. Groth16 proofs are malleable: anyone can turn a valid proof into another valid one of the same statement.
abstract contract Groth16BlsVerifier {
    /// @dev Order of the groups, the field of public inputs.
    uint256 internal constant SCALARS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    uint256 private constant PROOF_SIZE = 384;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant G1_MSM = 0x0c;
    uint256 private constant PAIRING = 0x0f;
    /// @dev Bytes of a point of G1 and of G2 as the precompiles read it: every coordinate fills 64 bytes.
    uint256 private constant G1 = 128;
    uint256 private constant G2 = 256;
    /// @dev Where the point of the constant one stands in a key, and after it the points of the inputs.
    uint256 private constant KEY_INPUTS = 896; // G1 + 3 · G2

    /// @dev Whether a proof is valid. The key is -alpha, beta, -gamma, -delta, the point of the constant one, the points of `wide`, the
    /// points of `narrow`, in the encoding of EIP-2537.
    /// @param key The verifying key.
    /// @param wide Public inputs, each below {SCALARS}.
    /// @param narrow Public inputs of few bits, for which doubling and adding is cheaper than multiplying.
    /// @param bits Their length.
    /// @param proof The proof.
    /// @return True if it is valid.
    function _isValid(
        bytes memory key,
        uint256[] memory wide,
        uint256[] memory narrow,
        uint256 bits,
        bytes calldata proof
    ) internal view returns (bool) {
        if (proof.length != PROOF_SIZE || _hasInfinity(proof)) return false;
        uint256 place = KEY_INPUTS + G1;
        (bool summed, bytes memory inputs) = _sumNarrow(key, place + wide.length * G1, narrow, bits);
        if (!summed || !_addWide(key, place, wide, inputs)) return false;
        return _pairs(key, inputs, proof);
    }

    /// @dev Whether A, B or C is the point at infinity. A verifier program off chain refuses it; both must agree on every proof.
    /// @param proof The proof.
    /// @return True if one is.
    function _hasInfinity(bytes calldata proof) private pure returns (bool) {
        bytes32 nothing = keccak256(new bytes(96));
        if (keccak256(proof[:96]) == nothing || keccak256(proof[288:]) == nothing) return true;
        return keccak256(proof[96:288]) == keccak256(new bytes(192));
    }

    /// @dev Adds the points whose bit is set, from the highest bit down, doubling in between.
    /// @param key The verifying key.
    /// @param place Where the points stand in it.
    /// @param narrow The factors.
    /// @param bits Their length.
    /// @return done False if the precompile is missing.
    /// @return sum The sum in its first 128 bytes; as many more for the next operand.
    function _sumNarrow(
        bytes memory key,
        uint256 place,
        uint256[] memory narrow,
        uint256 bits
    ) private view returns (bool done, bytes memory sum) {
        sum = new bytes(2 * G1);
        done = true;
        assembly ("memory-safe") {
            let buffer := add(sum, 32)
            let operand := add(buffer, G1)
            let end := add(add(narrow, 32), mul(32, mload(narrow)))
            let nonzero := 0
            for {} bits {} {
                bits := sub(bits, 1)
                if nonzero {
                    mcopy(operand, buffer, G1)
                    done := and(done, staticcall(gas(), G1_ADD, buffer, 256, buffer, G1))
                    done := and(done, eq(returndatasize(), G1))
                }
                let point := add(add(key, 32), place)
                for {
                    let factor := add(narrow, 32)
                } lt(factor, end) {
                    factor := add(factor, 32)
                } {
                    if and(shr(bits, mload(factor)), 1) {
                        mcopy(operand, point, G1)
                        done := and(done, staticcall(gas(), G1_ADD, buffer, 256, buffer, G1))
                        done := and(done, eq(returndatasize(), G1))
                        nonzero := 1
                    }
                    point := add(point, G1)
                }
            }
        }
    }

    /// @dev Adds the multiples of the other points, and the point of the constant one.
    /// @param key The verifying key.
    /// @param place Where the points of `wide` stand in it.
    /// @param wide The factors.
    /// @param sum What to add to.
    /// @return done False if a precompile is missing.
    function _addWide(
        bytes memory key,
        uint256 place,
        uint256[] memory wide,
        bytes memory sum
    ) private view returns (bool done) {
        bytes memory pairs = new bytes(wide.length * (G1 + 32));
        assembly ("memory-safe") {
            let buffer := add(sum, 32)
            let operand := add(buffer, G1)
            let point := add(add(key, 32), place)
            let pair := add(pairs, 32)
            let end := add(pair, mload(pairs))
            for {
                let factor := add(wide, 32)
            } lt(pair, end) {
                factor := add(factor, 32)
            } {
                mcopy(pair, point, G1)
                mstore(add(pair, G1), mload(factor))
                point := add(point, G1)
                pair := add(pair, 160)
            }
            done := staticcall(gas(), G1_MSM, add(pairs, 32), mload(pairs), operand, G1)
            done := and(done, eq(returndatasize(), G1))
            done := and(done, staticcall(gas(), G1_ADD, buffer, 256, buffer, G1))
            done := and(done, eq(returndatasize(), G1))
            mcopy(operand, add(add(key, 32), KEY_INPUTS), G1)
            done := and(done, staticcall(gas(), G1_ADD, buffer, 256, buffer, G1))
            done := and(done, eq(returndatasize(), G1))
        }
    }

    /// @dev e(A, B) · e(-alpha, beta) · e(inputs, -gamma) · e(C, -delta) = 1.
    /// @param key The verifying key.
    /// @param inputs The point of the public inputs in the first 128 bytes.
    /// @param proof The proof.
    /// @return valid True if it holds.
    function _pairs(bytes memory key, bytes memory inputs, bytes calldata proof) private view returns (bool valid) {
        bytes memory input = new bytes(4 * (G1 + G2));
        assembly ("memory-safe") {
            // Coordinates of 48 bytes, each at the end of its 64.
            function unpack(to, from, count) {
                for {} count {
                    count := sub(count, 1)
                } {
                    calldatacopy(add(to, 16), from, 48)
                    to := add(to, 64)
                    from := add(from, 48)
                }
            }
            let to := add(input, 32)
            let from := add(key, 32)
            unpack(to, proof.offset, 6)
            mcopy(add(to, 384), from, 384) // -alpha, beta
            mcopy(add(to, 768), add(inputs, 32), G1)
            mcopy(add(to, 896), add(from, 384), G2) // -gamma
            unpack(add(to, 1152), add(proof.offset, 288), 2)
            mcopy(add(to, 1280), add(from, 640), G2) // -delta
            mstore(0, 0)
            valid := staticcall(gas(), PAIRING, to, 1536, 0, 32)
            valid := and(and(valid, eq(returndatasize(), 32)), eq(mload(0), 1))
        }
    }
}
