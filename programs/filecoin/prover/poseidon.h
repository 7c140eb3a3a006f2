// Poseidon as Filecoin uses it: over BLS12-381's scalars, S-box x^5, 8 full rounds, the constants of the Poseidon reference
// (Grain LFSR, Cauchy matrix), the domain tag 2^arity - 1 in the first element of the state, the second one as digest.
#pragma once

#include <span>

#include "bls.h"

struct PoseidonConstants {
  size_t width;                        // arity + 1
  size_t partialRounds;
  Fr tag;
  std::vector<Fr> roundConstants;      // width for every round
  std::vector<std::vector<Fr>> matrix;
};

constexpr size_t POSEIDON_FULL_ROUNDS = 8;

// Arities 2 and 8.
const PoseidonConstants& poseidonConstants(size_t arity);

// The digest of 2 or 8 elements.
Fr poseidon(std::span<const Fr> preimage);
