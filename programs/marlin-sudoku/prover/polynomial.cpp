#include "polynomial.h"

#include <algorithm>
#include <bit>

static constexpr int TWO_ADICITY = 28;

Fr rootOfUnity(size_t size) {
  // 5 generates the multiplicative group; (order - 1) / 2^28 is odd.
  Limbs exponent = minus(ScalarModulus::modulus, {1, 0, 0, 0});
  for (int i = 0; i < TWO_ADICITY; i++) {
    for (int j = 0; j < 4; j++) exponent[j] = exponent[j] >> 1 | (j < 3 ? exponent[j + 1] << 63 : 0);
  }
  Fr root = Fr::fromInteger(5).power(exponent);
  for (int i = std::countr_zero(size); i < TWO_ADICITY; i++) root = root.square();
  return root;
}

std::vector<Fr> subgroup(size_t size) {
  const Fr root = rootOfUnity(size);
  std::vector<Fr> out(size);
  Fr element = Fr::one();
  for (auto& e : out) {
    e = element;
    element *= root;
  }
  return out;
}

// Cooley-Tukey, in place: bit reversal, then butterflies.
static void transform(std::vector<Fr>& v, bool inverse) {
  const size_t size = v.size();
  const int bits = std::countr_zero(size);
  for (size_t i = 0; i < size; i++) {
    size_t reversed = 0;
    for (int b = 0; b < bits; b++) reversed |= (i >> b & 1) << (bits - 1 - b);
    if (i < reversed) std::swap(v[i], v[reversed]);
  }
  std::vector<Fr> roots = subgroup(size);
  if (inverse) std::reverse(roots.begin() + 1, roots.end());
  for (size_t half = 1; half < size; half *= 2) {
    const size_t stride = size / (2 * half);
    for (size_t start = 0; start < size; start += 2 * half) {
      for (size_t j = 0; j < half; j++) {
        Fr& low = v[start + j];
        Fr& high = v[start + j + half];
        const Fr product = high * roots[j * stride];
        high = low - product;
        low += product;
      }
    }
  }
}

std::vector<Fr> evaluateOn(Polynomial coefficients, size_t size) {
  coefficients.resize(size);
  transform(coefficients, false);
  return coefficients;
}

Polynomial interpolate(std::vector<Fr> values) {
  transform(values, true);
  const Fr scale = Fr::fromInteger(values.size()).inverse();
  for (auto& value : values) value *= scale;
  return values;
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
