// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {Groth16BlsVerifier} from "./Groth16BlsVerifier.sol";

/// @title Proofs of spacetime with Filecoin's statement
/// @notice Public inputs are the randomness and, for every sector, its number and its commitment comm_r. Which leaves are challenged
/// follows from the randomness as in Filecoin and is computed here, so a prover cannot choose them. A proof is for one workload and one
/// prover.
abstract contract FilecoinPostVerifier is IProofVerifier, Groth16BlsVerifier {
    uint256 private immutable SECTORS;
    uint256 private immutable CHALLENGES;
    /// @dev Bits of a leaf's number: three for every level of the tree.
    uint256 private immutable LEAF_BITS;

    /// @param sectors Sectors of a proof.
    /// @param challenges Challenges of a sector, at most 255 in all sectors together.
    /// @param levels Levels of a sector's 8-ary tree, at most 10.
    constructor(uint256 sectors, uint256 challenges, uint256 levels) {
        (SECTORS, CHALLENGES, LEAF_BITS) = (sectors, challenges, 3 * levels);
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 workload,
        address prover,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external view returns (bool valid) {
        if (publicInputs.length != 32 + 64 * SECTORS) return false;
        uint256[] memory wide = new uint256[](1 + SECTORS);
        uint256[] memory leaves = new uint256[](SECTORS * CHALLENGES);
        wide[0] = uint256(sha256(abi.encodePacked("gevulot filecoin post 1", workload, prover))) >> 3;
        for (uint256 i = 0; i < SECTORS; ++i) {
            uint256 sector = uint256(bytes32(publicInputs[32 + 64 * i:]));
            wide[i + 1] = uint256(bytes32(publicInputs[64 + 64 * i:]));
            // Otherwise the same sector or commitment would have several names.
            if (sector > type(uint64).max || wide[i + 1] >= SCALARS) return false;
            _challenge(bytes32(publicInputs), uint64(sector), i * CHALLENGES, leaves);
        }
        return _isValid(_key(), wide, leaves, LEAF_BITS, proof);
    }

    /// @dev The leaves of one sector's challenges: the low bits of SHA-256(randomness, sector, index), numbers in little-endian bytes. The
    /// index counts through all sectors.
    /// @param randomness The public randomness.
    /// @param sector Number of the sector.
    /// @param first Index of its first challenge.
    /// @param leaves Where to put them.
    function _challenge(bytes32 randomness, uint64 sector, uint256 first, uint256[] memory leaves) private view {
        bytes memory message = abi.encodePacked(randomness, _reversed(sector), uint64(0));
        uint256 mask = (1 << LEAF_BITS) - 1;
        for (uint256 index = first; index < first + CHALLENGES; ++index) {
            message[40] = bytes1(uint8(index));
            leaves[index] = _reversed(uint64(bytes8(sha256(message)))) & mask;
        }
    }

    /// @dev The same bytes in the opposite order.
    /// @param n Eight bytes.
    /// @return Eight bytes.
    function _reversed(uint64 n) private pure returns (uint64) {
        n = ((n >> 8) & 0x00ff00ff00ff00ff) | ((n & 0x00ff00ff00ff00ff) << 8);
        n = ((n >> 16) & 0x0000ffff0000ffff) | ((n & 0x0000ffff0000ffff) << 16);
        return (n >> 32) | (n << 32);
    }

    /// @dev The verifying key, as {Groth16BlsVerifier} wants it.
    /// @return key The key.
    function _key() internal view virtual returns (bytes memory key);
}
