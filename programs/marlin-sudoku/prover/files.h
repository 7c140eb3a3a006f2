// The files a prover reads. Every reader checks what it reads and throws JobError.
#pragma once

#include "../../support/guest/files.h"
#include "../../support/guest/bn254.h"

struct Term {
  uint32_t signal;
  Fr coefficient;
};
using Row = std::vector<Term>;

// A rank-1 constraint system: (A w)(B w) = C w, row by row; signal 0 is the constant one, then come the public ones.
struct R1cs {
  size_t signals = 0, publics = 0;
  std::vector<std::array<Row, 3>> constraints;
};

// iden3's binary `.r1cs`, version 1, as circom writes it.
R1cs readR1cs(const Bytes& file);

// iden3's binary `.wtns`, version 2: the value of every signal.
std::vector<Fr> readWitness(const Bytes& file);

// The part of a universal reference string that one circuit needs. `degree` is the highest power there is of the secret t.
struct Parameters {
  uint64_t degree = 0;
  Bytes secretInG2;          // [t]2: x imaginary, x real, y imaginary, y real
  std::vector<Affine> low;   // [1]1, [t]1, ...
  std::vector<Affine> high;  // ..., [t^(degree - 1)]1, [t^degree]1
};
Parameters readParameters(const Bytes& file);
Bytes writeParameters(const Parameters& parameters);
