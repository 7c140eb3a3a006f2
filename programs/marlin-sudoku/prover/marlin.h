// Marlin (Chiesa, Hu, Maller, Mishra, Vesely, Ward: ePrint 2019/1047): the AHP for R1CS of section 5.3 made non-interactive
// with KZG commitments, sections 6 and 8. README.md says what differs from the paper, and why.
#pragma once

#include "../../support/guest/job.h"
#include "files.h"
#include "polynomial.h"

// The sizes of a circuit: subgroups X of H, K, and how much of a reference string it needs.
struct Shape {
  size_t publics;       // public signals, without the constant one
  size_t x, h, k;       // |X|, |H|, |K|
  size_t low, high;     // powers needed from the low and the high end
};

// The index of section 5.3, offline phase. All three matrices share one list of places, padded to K.
struct Index {
  Shape shape;
  struct Entry {
    size_t row, column;       // places in H
    std::array<Fr, 3> value;  // entries of A, B, C
  };
  std::vector<Entry> entries;
  std::vector<Fr> elements;  // of H
  // Values on K and polynomials, in the order of the key: row, column, row * column, a, b, c.
  std::array<std::vector<Fr>, 6> values;
  std::array<Polynomial, 6> polynomials;

  explicit Index(const R1cs& circuit);
  // Where a signal stands in H: public ones in X, the others between.
  size_t place(size_t signal) const;
};

// The verifying key: 25 words, see key.ts.
Bytes verifyingKey(const Index& index, const Parameters& parameters);

// The first constraint that a witness violates, or constraints.size().
size_t violatedConstraint(const R1cs& circuit, const std::vector<Fr>& witness);

// 1,312 bytes; see verify.ts for the layout. The witness must satisfy the circuit.
Bytes prove(const R1cs& circuit, const Index& index, const Parameters& parameters, const Bytes& key,
            const Context& context, const std::vector<Fr>& witness);
