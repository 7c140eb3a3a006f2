// Subgroups of a field's multiplicative group whose size is a power of two, and Fourier transforms on them.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "field.h"

// The generator of the subgroup of `size` elements. P::generator generates the whole multiplicative group, whose order is an odd
// number times 2^P::twoAdicity.
template <class P>
Field<P> rootOfUnity(size_t size) {
  auto exponent = minus(P::modulus, {1});
  for (int i = 0; i < P::twoAdicity; i++) {
    for (size_t j = 0; j < exponent.size(); j++)
      exponent[j] = exponent[j] >> 1 | (j + 1 < exponent.size() ? exponent[j + 1] << 63 : 0);
  }
  Field<P> root = Field<P>::fromInteger(P::generator).power(exponent);
  for (int i = std::countr_zero(size); i < P::twoAdicity; i++) root = root.square();
  return root;
}

// 1, base, base^2, ...
template <class F>
std::vector<F> powersOf(const F& base, size_t count) {
  std::vector<F> out(count);
  F element = F::one();
  for (auto& e : out) {
    e = element;
    element *= base;
  }
  return out;
}

// From coefficients to values on the subgroup, or but for the factor 1 / size back. Cooley-Tukey, in place: bit reversal, then butterflies.
template <class P>
void transform(std::vector<Field<P>>& v, bool inverse) {
  const size_t size = v.size();
  const int bits = std::countr_zero(size);
  for (size_t i = 0; i < size; i++) {
    size_t reversed = 0;
    for (int b = 0; b < bits; b++) reversed |= (i >> b & 1) << (bits - 1 - b);
    if (i < reversed) std::swap(v[i], v[reversed]);
  }
  std::vector<Field<P>> roots = powersOf(rootOfUnity<P>(size), size);
  if (inverse) std::reverse(roots.begin() + 1, roots.end());
  for (size_t half = 1; half < size; half *= 2) {
    const size_t stride = size / (2 * half);
    for (size_t start = 0; start < size; start += 2 * half) {
      for (size_t j = 0; j < half; j++) {
        Field<P>& low = v[start + j];
        Field<P>& high = v[start + j + half];
        const Field<P> product = high * roots[j * stride];
        high = low - product;
        low += product;
      }
    }
  }
}

// The coefficients of the polynomial with these values on the subgroup of values.size() elements.
template <class P>
std::vector<Field<P>> interpolate(std::vector<Field<P>> values) {
  transform(values, true);
  const Field<P> scale = Field<P>::fromInteger(values.size()).inverse();
  for (auto& value : values) value *= scale;
  return values;
}
