// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";

/// @title Marlin on BN254
/// @notice Verifies Marlin proofs (ePrint 2019/1047: section 5.3 the two sumchecks, 6 the commitments, 8 the challenges) with the
/// precompiles of EIP-196 and EIP-197. A derived contract compiles its verifying key in.
/// @dev A proof is 41 words and has one encoding only: coordinates and evaluations are reduced, points lie on the curve.
///   0..21   commitments w, za, zb, s, t, g1, g1 shifted, h1, g2, g2 shifted, h2
///   22..36  evaluations: w, za, zb, s, t, g1, h1 at beta; row, column, product, a, b, c, g2, h2 at gamma
///   37..40  openings at beta and at gamma
/// The challenges depend on the key, the workload, the prover and the public inputs, so a proof is worth nothing elsewhere.
abstract contract MarlinVerifier is IProofVerifier {
    uint256 private constant FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
    /// @dev Order of the group, the field of scalars. 2^28 divides R - 1.
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// @dev Generator of the subgroup of 2^28 elements: 5^((R - 1) / 2^28).
    uint256 private constant ROOT = 0x2a3c09f0a58a7e8500e0a7eb8ef62abc402d111e41112ed49bd61b6e725b19f0;
    uint256 private constant HALF = (R + 1) / 2;

    address private constant MODEXP = address(5);
    uint256 private constant EC_ADD = 6;
    uint256 private constant EC_MUL = 7;
    address private constant EC_PAIRING = address(8);

    bytes32 private constant TAG = keccak256("gevulot marlin bn254 1");
    uint256 private constant PROOF_SIZE = 41 * 32;
    uint256 private constant EVALUATIONS = 22;
    uint256 private constant OPENINGS = 37;
    uint256 private constant KEY_INDEX = 5;
    uint256 private constant KEY_SHIFT_H = 17;
    uint256 private constant KEY_SHIFT_K = 19;
    uint256 private constant KEY_SECRET_G2 = 21;

    /// @dev The generator of G2: x imaginary, x real, y imaginary, y real.
    uint256 private constant G2_X1 = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 private constant G2_X0 = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 private constant G2_Y1 = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 private constant G2_Y0 = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;

    /// @notice The chain lacks the precompiles of EIP-196, or the call ran out of gas in one.
    error PrecompileMissing();

    struct Challenges {
        uint256 alpha;
        uint256 etaA;
        uint256 etaB;
        uint256 etaC;
        uint256 beta;
        uint256 gamma;
        uint256 xi;
        uint256 rho;
        /// @dev v_H(alpha) and v_H(beta).
        uint256 vanishingAlpha;
        uint256 vanishingBeta;
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 workload,
        address prover,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external view returns (bool valid) {
        uint256[25] memory key = _key();
        if (publicInputs.length != 32 * key[4] || proof.length != PROOF_SIZE) return false;
        uint256[41] memory p;
        assembly ("memory-safe") {
            calldatacopy(p, proof.offset, PROOF_SIZE)
        }
        if (!_wellFormed(p)) return false;
        uint256[] memory values = new uint256[](key[4] + 1);
        values[0] = 1;
        for (uint256 i = 1; i < values.length; ++i) {
            values[i] = uint256(bytes32(publicInputs[32 * (i - 1):]));
            if (values[i] >= R) return false;
        }

        bytes32 start;
        assembly ("memory-safe") {
            start := keccak256(key, 800)
        }
        start = keccak256(abi.encodePacked(TAG, start, workload, uint256(uint160(prover)), publicInputs));
        Challenges memory c = _challenges(start, p);
        c.vanishingAlpha = _vanishing(c.alpha, key[0]);
        c.vanishingBeta = _vanishing(c.beta, key[0]);
        if (c.vanishingAlpha == 0 || c.vanishingBeta == 0 || c.alpha == c.beta) return false;
        return _outerSumcheck(key, p, c, values) && _innerSumcheck(key, p, c) && _opens(key, p, c);
    }

    /// @dev Points on the curve and reduced numbers: after that no precompile can fail. (0, 0) is not on the curve.
    /// @param p Words of the proof.
    /// @return valid True if the proof is in its only encoding.
    function _wellFormed(uint256[41] memory p) private pure returns (bool valid) {
        assembly ("memory-safe") {
            function points(at, end) -> good {
                good := 1
                for {} lt(at, end) {
                    at := add(at, 64)
                } {
                    let x := mload(at)
                    let y := mload(add(at, 32))
                    good := and(good, and(lt(x, FIELD), lt(y, FIELD)))
                    let cube := mulmod(mulmod(x, x, FIELD), x, FIELD)
                    good := and(good, eq(mulmod(y, y, FIELD), addmod(cube, 3, FIELD)))
                }
            }
            let evaluations := add(p, mul(EVALUATIONS, 32))
            let openings := add(p, mul(OPENINGS, 32))
            valid := and(points(p, evaluations), points(openings, add(p, PROOF_SIZE)))
            for {
                let at := evaluations
            } lt(at, openings) {
                at := add(at, 32)
            } {
                valid := and(valid, lt(mload(at), R))
            }
        }
    }

    /// @dev The Fiat-Shamir transform, round by round.
    /// @param state Hash of all that was fixed before the proof.
    /// @param p Words of the proof.
    /// @return c The challenges.
    function _challenges(bytes32 state, uint256[41] memory p) private pure returns (Challenges memory c) {
        state = _absorb(state, p, 0, 8); // w, za, zb, s
        (state, c.alpha) = _challenge(state);
        (state, c.etaA) = _challenge(state);
        (state, c.etaB) = _challenge(state);
        (state, c.etaC) = _challenge(state);
        state = _absorb(state, p, 8, 8); // t, g1, g1 shifted, h1
        (state, c.beta) = _challenge(state);
        state = _absorb(state, p, 16, 6); // g2, g2 shifted, h2
        (state, c.gamma) = _challenge(state);
        state = _absorb(state, p, EVALUATIONS, 15);
        (state, c.xi) = _challenge(state);
        // The two openings are checked as one: had the prover known rho before, one could make up for the other.
        state = _absorb(state, p, OPENINGS, 4);
        (state, c.rho) = _challenge(state);
    }

    /// @dev The next state: the hash of the state and some words of the proof.
    /// @param state Hash of all that was said before.
    /// @param p Words of the proof.
    /// @param from First word.
    /// @param count Number of words.
    /// @return next The new state.
    function _absorb(
        bytes32 state,
        uint256[41] memory p,
        uint256 from,
        uint256 count
    ) private pure returns (bytes32 next) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, state)
            mcopy(add(m, 32), add(p, mul(from, 32)), mul(count, 32))
            next := keccak256(m, mul(add(count, 1), 32))
        }
    }

    /// @dev The next state, and the same as a number.
    /// @param state Hash of all that was said before.
    /// @return next The new state.
    /// @return challenge The challenge.
    function _challenge(bytes32 state) private pure returns (bytes32 next, uint256 challenge) {
        assembly ("memory-safe") {
            mstore(0, state)
            next := keccak256(0, 32)
            challenge := mod(next, R)
        }
    }

    /// @dev s + r(alpha, X) (etaA za + etaB zb + etaC za zb) - t z = h1 v_H + X g1, at beta.
    /// @param key The verifying key.
    /// @param p Words of the proof.
    /// @param c The challenges.
    /// @param values One, and the public signals.
    /// @return True if it holds.
    function _outerSumcheck(
        uint256[25] memory key,
        uint256[41] memory p,
        Challenges memory c,
        uint256[] memory values
    ) private view returns (bool) {
        uint256 vanishingX = _vanishing(c.beta, key[1]);
        (uint256 x, uint256 inverse) = _interpolate(
            values,
            _powerOfTwo(ROOT, 28 - key[1]),
            c.beta,
            addmod(c.alpha, R - c.beta, R)
        );
        x = mulmod(x, mulmod(vanishingX, _power(HALF, key[1]), R), R);
        uint256 z = addmod(mulmod(p[22], vanishingX, R), x, R);
        uint256 products = addmod(
            addmod(mulmod(c.etaA, p[23], R), mulmod(c.etaB, p[24], R), R),
            mulmod(c.etaC, mulmod(p[23], p[24], R), R),
            R
        );
        uint256 r = mulmod(addmod(c.vanishingAlpha, R - c.vanishingBeta, R), inverse, R);
        uint256 left = addmod(addmod(p[25], mulmod(r, products, R), R), R - mulmod(p[26], z, R), R);
        return left == addmod(mulmod(p[28], c.vanishingBeta, R), mulmod(c.beta, p[27], R), R);
    }

    /// @dev Σ value_i w^i / (point - w^i): the polynomial with these values and then zeros on the subgroup of w, but for the factor
    /// v(point) / size. Its denominators and `other` are inverted together.
    /// @param values The first values.
    /// @param root w, which generates the subgroup.
    /// @param point A point outside the subgroup.
    /// @param other One more number to invert, not zero.
    /// @return sum The sum.
    /// @return inverse 1 / other.
    function _interpolate(
        uint256[] memory values,
        uint256 root,
        uint256 point,
        uint256 other
    ) private view returns (uint256 sum, uint256 inverse) {
        uint256[] memory elements = new uint256[](values.length);
        uint256[] memory before = new uint256[](values.length);
        uint256 element = 1;
        for (uint256 i = 0; i < values.length; ++i) {
            (elements[i], before[i]) = (element, other);
            other = mulmod(other, addmod(point, R - element, R), R);
            element = mulmod(element, root, R);
        }
        inverse = _invert(other);
        for (uint256 i = values.length; i > 0;) {
            --i;
            uint256 fraction = mulmod(mulmod(before[i], inverse, R), elements[i], R);
            sum = addmod(sum, mulmod(values[i], fraction, R), R);
            inverse = mulmod(inverse, addmod(point, R - elements[i], R), R);
        }
    }

    /// @dev a - b (X g2 + t(beta) / |K|) = h2 v_K, at gamma, times |K|; a and b come from the index.
    /// @param key The verifying key.
    /// @param p Words of the proof.
    /// @param c The challenges.
    /// @return True if it holds.
    function _innerSumcheck(
        uint256[25] memory key,
        uint256[41] memory p,
        Challenges memory c
    ) private pure returns (bool) {
        uint256 a = addmod(addmod(mulmod(c.etaA, p[32], R), mulmod(c.etaB, p[33], R), R), mulmod(c.etaC, p[34], R), R);
        a = mulmod(mulmod(c.vanishingAlpha, c.vanishingBeta, R), a, R);
        uint256 b = addmod(mulmod(c.alpha, c.beta, R), p[31], R);
        b = addmod(b, R - mulmod(c.beta, p[29], R), R);
        b = addmod(b, R - mulmod(c.alpha, p[30], R), R);
        uint256 size = 1 << key[2];
        uint256 f = addmod(mulmod(mulmod(c.gamma, p[35], R), size, R), p[26], R);
        uint256 left = addmod(mulmod(a, size, R), R - mulmod(b, f, R), R);
        return left == mulmod(mulmod(p[36], size, R), _vanishing(c.gamma, key[2]), R);
    }

    /// @dev All openings in one pairing equation. At each point, xi combines the commitments C_i minus their evaluations, and last
    /// the shifted commitment minus [t^shift]1 times its evaluation: that is X^shift (g - g(point)), which binds the degree of g.
    /// With the opening W that sum is (t - point) W; rho adds the two points up.
    /// @param key The verifying key.
    /// @param p Words of the proof.
    /// @param c The challenges.
    /// @return True if it holds.
    function _opens(uint256[25] memory key, uint256[41] memory p, Challenges memory c) private view returns (bool) {
        // One buffer for the precompiles: the sum so far, then a point and its factor.
        uint256[5] memory sum = [p[0], p[1], 0, 0, 0];
        uint256 evaluation = p[22];
        uint256 power = 1;
        for (uint256 i = 1; i < 7; ++i) {
            power = mulmod(power, c.xi, R);
            // Commitments 1 to 5 and 7: number 6 is the shifted one.
            _addMultiple(sum, p, i == 6 ? 14 : 2 * i, power);
            evaluation = addmod(evaluation, mulmod(power, p[22 + i], R), R);
        }
        power = mulmod(power, c.xi, R);
        _addMultiple(sum, p, 12, power);
        _addMultipleOfKey(sum, key, KEY_SHIFT_H, R - mulmod(power, p[27], R));
        _addMultiple(sum, p, OPENINGS, c.beta);

        power = c.rho;
        for (uint256 i = 0; i < 8; ++i) {
            if (i < 6) _addMultipleOfKey(sum, key, KEY_INDEX + 2 * i, power);
            else _addMultiple(sum, p, i == 6 ? 16 : 20, power);
            evaluation = addmod(evaluation, mulmod(power, p[29 + i], R), R);
            power = mulmod(power, c.xi, R);
        }
        _addMultiple(sum, p, 18, power);
        _addMultipleOfKey(sum, key, KEY_SHIFT_K, R - mulmod(power, p[35], R));
        _addMultiple(sum, p, OPENINGS + 2, mulmod(c.rho, c.gamma, R));
        uint256[2] memory generator = [uint256(1), 2];
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := generator
        }
        _accumulate(sum, pointer, R - evaluation);

        uint256[5] memory opening = [p[OPENINGS], p[OPENINGS + 1], 0, 0, 0];
        _addMultiple(opening, p, OPENINGS + 2, c.rho);
        return _pairingHolds(key, sum, opening);
    }

    /// @dev sum += factor · the point at `place` of the proof.
    /// @param sum The buffer.
    /// @param p Words of the proof.
    /// @param place Word of its x, at most 39.
    /// @param factor The factor.
    function _addMultiple(uint256[5] memory sum, uint256[41] memory p, uint256 place, uint256 factor) private view {
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := add(p, mul(place, 32))
        }
        _accumulate(sum, pointer, factor);
    }

    /// @dev sum += factor · the point at `place` of the key.
    /// @param sum The buffer.
    /// @param key The verifying key.
    /// @param place Word of its x, at most 23.
    /// @param factor The factor.
    function _addMultipleOfKey(
        uint256[5] memory sum,
        uint256[25] memory key,
        uint256 place,
        uint256 factor
    ) private view {
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := add(key, mul(place, 32))
        }
        _accumulate(sum, pointer, factor);
    }

    /// @dev (sum[0], sum[1]) += factor · the point at `pointer`. All points are on the curve, so the precompiles cannot fail where
    /// they exist; where they do not, the answer has another size.
    /// @param sum The buffer.
    /// @param pointer Address of two words in memory.
    /// @param factor The factor.
    function _accumulate(uint256[5] memory sum, uint256 pointer, uint256 factor) private view {
        bool done;
        assembly ("memory-safe") {
            let point := add(sum, 64)
            mcopy(point, pointer, 64)
            mstore(add(sum, 128), factor)
            done := staticcall(gas(), EC_MUL, point, 96, point, 64)
            done := and(done, eq(returndatasize(), 64))
            done := and(done, staticcall(gas(), EC_ADD, sum, 128, sum, 64))
            done := and(done, eq(returndatasize(), 64))
        }
        if (!done) revert PrecompileMissing();
    }

    /// @dev e(sum, [1]2) = e(opening, [t]2).
    /// @param key The verifying key.
    /// @param sum The left point.
    /// @param opening The right point.
    /// @return True if it holds.
    function _pairingHolds(
        uint256[25] memory key,
        uint256[5] memory sum,
        uint256[5] memory opening
    ) private view returns (bool) {
        uint256 k = KEY_SECRET_G2;
        (bool done, bytes memory answer) = EC_PAIRING.staticcall(
            abi.encodePacked(
                abi.encode(sum[0], sum[1], G2_X1, G2_X0, G2_Y1, G2_Y0),
                abi.encode(opening[0], (FIELD - opening[1]) % FIELD, key[k], key[k + 1], key[k + 2], key[k + 3])
            )
        );
        return done && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    /// @dev x^(2^log) - 1: zero on the subgroup of that size.
    /// @param x A scalar.
    /// @param log log2 of the size.
    /// @return The value.
    function _vanishing(uint256 x, uint256 log) private pure returns (uint256) {
        return addmod(_powerOfTwo(x, log), R - 1, R);
    }

    /// @dev x^(2^log).
    /// @param x A scalar.
    /// @param log Number of squarings.
    /// @return The value.
    function _powerOfTwo(uint256 x, uint256 log) private pure returns (uint256) {
        for (uint256 i = 0; i < log; ++i) x = mulmod(x, x, R);
        return x;
    }

    /// @dev x^n.
    /// @param x A scalar.
    /// @param n A small number.
    /// @return power The value.
    function _power(uint256 x, uint256 n) private pure returns (uint256 power) {
        power = 1;
        for (uint256 i = 0; i < n; ++i) power = mulmod(power, x, R);
    }

    /// @dev 1 / x = x^(R - 2). Decoding reverts on a chain without the precompile.
    /// @param x A scalar, not zero.
    /// @return The inverse.
    function _invert(uint256 x) private view returns (uint256) {
        (, bytes memory answer) = MODEXP.staticcall(abi.encode(uint256(32), uint256(32), uint256(32), x, R - 2, R));
        return abi.decode(answer, (uint256));
    }

    /// @dev The verifying key: log2 of |H|, |X| and |K|, the highest power of the reference string, the number of public inputs,
    /// then points as x and y: commitments to row, column, product, a, b, c; [t^shift]1 for H and for K; [t]2.
    /// @return key The words (programs/marlin-sudoku/key.ts).
    function _key() internal view virtual returns (uint256[25] memory key);
}
