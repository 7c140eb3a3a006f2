// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Signatures of drand's quicknet: BLS12-381, signatures on G1, public key on G2
/// @notice Checks e(signature, −G2) · e(H(message), key) = 1 by the precompiles of EIP-2537, where H is the hash to curve of RFC 9380 with the suite
/// BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_ and the message of round r is sha256(r as 64 bits, big endian). The
/// precompiles refuse points that are not on the curve, not in the subgroup, or not written in the one shortest way.
/// @dev A field element takes two words: 16 zero bytes, then 48 bytes, big endian. A point of G2 is (x.c0, x.c1, y.c0, y.c1).
library DrandSignature {
    uint256 private constant SHA256 = 0x02;
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_FP_TO_G1 = 0x10;

    /// @dev Bytes of a point of G1.
    uint256 private constant G1_BYTES = 128;

    /// @dev The domain of the suite, 43 characters, and its length in one byte more, cut after 32 bytes.
    bytes32 private constant DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_S";
    bytes12 private constant DOMAIN_REST = "SWU_RO_NUL_\x2b";

    /// @dev (p − 1) / 2 for the field's p: a larger y is the "larger" of the two points with the same x.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @notice A precompile of EIP-2537 does not exist on this chain, or answers with another length than it should.
    error PrecompileMissing(address precompile);

    /// @notice Whether `point` is the key's signature of `round`.
    /// @param round Number of the round.
    /// @param point Uncompressed point of G1: x, then y, 48 bytes each.
    /// @return valid False for every other point, and for what is no point of the group.
    function verify(uint64 round, bytes32[3] calldata point) internal view returns (bool valid) {
        // Two pairs of points (0x000, 0x180), two points to add (0x300), a field element to map (0x400), the rest for hashing.
        uint256 pairs;
        assembly ("memory-safe") {
            pairs := mload(0x40)
            mstore(0x40, add(pairs, 0x600))
            // The first of a field element's words begins with 16 zero bytes.
            let y := calldataload(add(point, 48))
            mstore(pairs, shr(128, calldataload(point)))
            mstore(add(pairs, 0x20), calldataload(add(point, 16)))
            mstore(add(pairs, 0x40), shr(128, y))
            mstore(add(pairs, 0x60), calldataload(add(point, 64)))
        }
        _storeKeys(pairs);
        uint256 missing = _hashToCurve(round, pairs);
        assembly ("memory-safe") {
            valid := staticcall(gas(), PAIRING, pairs, 0x300, 0x00, 0x20)
            // An address without code answers with success and nothing.
            if and(valid, iszero(eq(returndatasize(), 0x20))) {
                missing := PAIRING
            }
            valid := and(valid, eq(mload(0x00), 1))
        }
        if (missing != 0) revert PrecompileMissing(address(uint160(missing)));
    }

    /// @notice What drand hashes into a round's value: the compressed point.
    /// @param point A point that {verify} accepted.
    /// @return 48 bytes: x with the three flag bits of the usual encoding.
    function compress(bytes32[3] calldata point) internal pure returns (bytes memory) {
        uint256 high = uint128(uint256(point[1]));
        uint256 low = uint256(point[2]);
        uint256 flags = high > HALF_HIGH || (high == HALF_HIGH && low > HALF_LOW) ? 0xa0 : 0x80;
        return abi.encodePacked(uint256(point[0]) | (flags << 248), bytes16(point[1]));
    }

    /// @dev Writes H(message) to `pairs` + 0x180: RFC 9380 §5.3.1 (expand_message_xmd to 128 bytes), §5.2, §3. The precompile's map clears the cofactor.
    /// @return missing A precompile that did not answer as it must; zero for none.
    function _hashToCurve(uint64 round, uint256 pairs) private view returns (uint256 missing) {
        assembly ("memory-safe") {
            function answer(missing_, precompile, input, length, output, outputLength) -> missing__ {
                missing__ := missing_
                // Input that a precompile cannot refuse, so both a failure and a wrong length say that it is not there.
                if iszero(staticcall(gas(), precompile, input, length, output, outputLength)) {
                    missing__ := precompile
                }
                if iszero(eq(returndatasize(), outputLength)) {
                    missing__ := precompile
                }
            }
            let element := add(pairs, 0x400)
            // Lengths of base, exponent and modulus, then these: (64 bytes) ^ 1 mod p. The base is two blocks of the expanded message.
            let input := add(pairs, 0x440)
            let high := add(pairs, 0x4a0)
            let low := add(pairs, 0x4c0)
            mstore(input, 64)
            mstore(add(input, 0x20), 1)
            mstore(add(input, 0x40), 48)
            mstore(add(input, 0xa0), shl(248, 1))
            mstore(add(input, 0xa1), 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624)
            mstore(add(input, 0xc1), 0x1eabfffeb153ffffb9feffffffffaaab00000000000000000000000000000000)
            // 64 zero bytes, message, length of the result in two bytes, counter (at 0x62), domain. The blocks are hashed
            // from 0x42 on: a word in front of the same counter and domain.
            let text := add(pairs, 0x520)
            let word := add(text, 0x42)
            let counter := add(text, 0x62)
            mstore(text, shl(192, round))
            missing := answer(missing, SHA256, text, 8, add(text, 0x40), 0x20)
            mstore(text, 0)
            mstore(add(text, 0x20), 0)
            mstore(add(text, 0x60), shl(240, 128))
            mstore(add(text, 0x63), DOMAIN)
            mstore(add(text, 0x83), DOMAIN_REST)
            missing := answer(missing, SHA256, text, 0x8f, low, 0x20)
            let first := mload(low)
            mstore(low, 0)
            for {
                let index := 1
            } lt(index, 5) {
                index := add(index, 2)
            } {
                mstore(word, xor(first, mload(low)))
                mstore8(counter, index)
                missing := answer(missing, SHA256, word, 0x4d, high, 0x20)
                mstore(word, xor(first, mload(high)))
                mstore8(counter, add(index, 1))
                missing := answer(missing, SHA256, word, 0x4d, low, 0x20)
                mstore(element, 0)
                missing := answer(missing, MODEXP, input, 0xd1, add(element, 16), 48)
                missing := answer(missing, MAP_FP_TO_G1, element, 64, add(pairs, add(0x2c0, shl(6, index))), G1_BYTES)
            }
            missing := answer(missing, G1_ADD, add(pairs, 0x300), 0x100, add(pairs, 0x180), G1_BYTES)
        }
    }

    /// @dev Writes −G2 (of the group's generator) into the first pair and quicknet's public key into the second.
    function _storeKeys(uint256 pairs) private pure {
        assembly ("memory-safe") {
            let at := add(pairs, 0x80)
            mstore(at, 0x024aa2b2f08f0a91260805272dc51051)
            mstore(add(at, 0x20), 0xc6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8)
            mstore(add(at, 0x40), 0x13e02b6052719f607dacd3a088274f65)
            mstore(add(at, 0x60), 0x596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e)
            mstore(add(at, 0x80), 0x0d1b3cc2c7027888be51d9ef691d77bc)
            mstore(add(at, 0xa0), 0xb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa)
            mstore(add(at, 0xc0), 0x13fa4d4a0ad8b1ce186ed5061789213d)
            mstore(add(at, 0xe0), 0x993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed)
            at := add(pairs, 0x200)
            mstore(at, 0x0d1fec758c921cc22b0e17e63aaf4bcb)
            mstore(add(at, 0x20), 0x5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a)
            mstore(add(at, 0x40), 0x03cf0f2896adee7eb8b5f01fcad39122)
            mstore(add(at, 0x60), 0x12c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451)
            mstore(add(at, 0x80), 0x0e5db2b6bfbb01c867749cadffca88b3)
            mstore(add(at, 0xa0), 0x6c24f3012ba09fc4d3022c5c37dce0f977d3adb5d183c7477c442b1f04515273)
            mstore(add(at, 0xc0), 0x01a714f2edb74119a2f2b0d5a7c75ba9)
            mstore(add(at, 0xe0), 0x02d163700a61bc224ededd8e63aef7be1aaf8e93d7a9718b047ccddb3eb5d68b)
        }
    }
}
