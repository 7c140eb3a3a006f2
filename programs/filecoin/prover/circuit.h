// A rank-1 constraint system together with its witness: (A w)(B w) = C w, row by row.
#pragma once

#include <span>

#include "bls.h"

struct Term {
  uint32_t signal;
  Fr coefficient;
};
using Row = std::vector<Term>;
using Constraint = std::array<Row, 3>;

struct Circuit {
  // Signals 1 to `publics` are public; signal 0 is the constant one.
  size_t publics = 0;
  std::vector<Constraint> constraints;
  std::vector<Fr> values = {Fr::one()};

  uint32_t allocate(const Fr& value) {
    values.push_back(value);
    return (uint32_t)values.size() - 1;
  }
  Fr valueOf(const Row& row) const;

  // a · b = c.
  void require(Row a, Row b, Row c) { constraints.push_back({std::move(a), std::move(b), std::move(c)}); }
  // A new signal that is a · b.
  uint32_t product(const Row& a, const Row& b);
  // The signal is 0 or 1.
  void requireBit(uint32_t signal);
  // options[number of the three bits, lowest first].
  Row choose(std::span<const uint32_t> options, std::span<const uint32_t> bits);
  // A new signal that is the Poseidon digest of 2 or 8 signals.
  uint32_t hash(std::span<const uint32_t> preimage);

  // The first constraint that the witness violates, or their number.
  size_t firstViolated() const;
};
