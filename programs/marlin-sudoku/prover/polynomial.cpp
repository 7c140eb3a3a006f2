#include "polynomial.h"

std::vector<Fr> subgroup(size_t size) { return powersOf(rootOfUnity<ScalarModulus>(size), size); }

std::vector<Fr> evaluateOn(Polynomial coefficients, size_t size) {
  coefficients.resize(size);
  transform(coefficients, false);
  return coefficients;
}

Fr evaluateAt(const Polynomial& p, const Fr& x) {
  Fr value;
  for (size_t i = p.size(); i-- > 0;) value = value * x + p[i];
  return value;
}

void addScaled(Polynomial& to, const Polynomial& p, const Fr& factor) {
  if (to.size() < p.size()) to.resize(p.size());
  for (size_t i = 0; i < p.size(); i++) to[i] += p[i] * factor;
}

Division divideByVanishing(Polynomial p, size_t size) {
  Polynomial quotient(p.size() > size ? p.size() - size : 0);
  for (size_t i = p.size(); i-- > size;) {
    quotient[i - size] = p[i];
    p[i - size] += p[i];
  }
  p.resize(size);
  return {std::move(quotient), std::move(p)};
}

Polynomial divideByLinear(const Polynomial& p, const Fr& x) {
  Polynomial quotient(p.empty() ? 0 : p.size() - 1);
  Fr carry;
  for (size_t i = p.size(); i-- > 1;) {
    carry = carry * x + p[i];
    quotient[i - 1] = carry;
  }
  return quotient;
}

void trim(Polynomial& p) {
  while (!p.empty() && p.back().isZero()) p.pop_back();
}
