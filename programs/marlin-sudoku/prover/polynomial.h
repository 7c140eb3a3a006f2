// Polynomials over the scalar field, as coefficients (lowest first) or as values on a subgroup.
#pragma once

#include "../../support/guest/subgroup.h"
#include "../../support/guest/bn254.h"

using Polynomial = std::vector<Fr>;

// All elements of that subgroup: 1, g, g^2, ...
std::vector<Fr> subgroup(size_t size);

// The values of a polynomial of at most `size` coefficients on the subgroup of that size.
std::vector<Fr> evaluateOn(Polynomial coefficients, size_t size);

Fr evaluateAt(const Polynomial& p, const Fr& x);

// to += factor * p
void addScaled(Polynomial& to, const Polynomial& p, const Fr& factor);

// p = quotient * (X^size - 1) + remainder
struct Division {
  Polynomial quotient, remainder;
};
Division divideByVanishing(Polynomial p, size_t size);

// p / (X - x), the remainder dropped.
Polynomial divideByLinear(const Polynomial& p, const Fr& x);

// Drops leading zeros.
void trim(Polynomial& p);
