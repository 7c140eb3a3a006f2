// Prime fields in Montgomery form, in 64-bit limbs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

template <size_t N>
using Limbs = std::array<uint64_t, N>;
using Bytes = std::vector<uint8_t>;

// True if a < b as numbers.
template <size_t N>
constexpr bool less(const Limbs<N>& a, const Limbs<N>& b) {
  for (size_t i = N; i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

// a - b - borrow; the borrow out is stored back.
constexpr uint64_t subtract(uint64_t a, uint64_t b, uint64_t& borrow) {
  const unsigned __int128 d = (unsigned __int128)a - b - borrow;
  borrow = (uint64_t)(d >> 64) & 1;
  return (uint64_t)d;
}

template <size_t N>
constexpr Limbs<N> minus(const Limbs<N>& a, const Limbs<N>& b) {
  Limbs<N> out{};
  uint64_t borrow = 0;
  for (size_t i = 0; i < N; i++) out[i] = subtract(a[i], b[i], borrow);
  return out;
}

// a + b; both leave the top bit free, so nothing is carried out.
template <size_t N>
constexpr Limbs<N> plus(const Limbs<N>& a, const Limbs<N>& b) {
  Limbs<N> out{};
  uint64_t carry = 0;
  for (size_t i = 0; i < N; i++) {
    const unsigned __int128 s = (unsigned __int128)a[i] + b[i] + carry;
    out[i] = (uint64_t)s;
    carry = (uint64_t)(s >> 64);
  }
  return out;
}

// A field whose modulus is `P::modulus`: odd, the top bit of its last limb free. `P::bits` is its length. Values are always reduced.
template <class P>
class Field {
  static constexpr size_t N = P::modulus.size();
  using Number = Limbs<N>;

 public:
  static constexpr Number modulus = P::modulus;
  static constexpr int bits = P::bits;
  // Bytes of a written number: 32, or 48 for a field of 381 bits.
  static constexpr size_t size = 8 * N;

  constexpr Field() : v{} {}

  static constexpr Field zero() { return Field(); }
  static constexpr Field one() { return fromMontgomery(oneLimbs()); }
  static Field fromInteger(uint64_t n) { return fromNumber(Number{n}); }

  // `n` must be below the modulus.
  static Field fromNumber(const Number& n) { return fromMontgomery(n) * fromMontgomery(rSquared); }
  static constexpr Field fromMontgomery(const Number& m) {
    Field f;
    f.v = m;
    return f;
  }

  // Reads `size` bytes; false if the number is not below the modulus.
  static bool read(const uint8_t* bytes, bool littleEndian, Field& out) {
    Number n{};
    for (size_t i = 0; i < size; i++) n[i / 8] |= (uint64_t)bytes[littleEndian ? i : size - 1 - i] << (8 * (i % 8));
    if (!less(n, modulus)) return false;
    out = fromNumber(n);
    return true;
  }

  // Any big-endian number of `size` bytes, reduced.
  static Field reduce(const uint8_t* bytes) {
    Number n{};
    for (size_t i = 0; i < size; i++) n[i / 8] |= (uint64_t)bytes[size - 1 - i] << (8 * (i % 8));
    while (!less(n, modulus)) n = minus(n, modulus);
    return fromNumber(n);
  }

  // The number itself, out of Montgomery form.
  Number number() const { return (*this * fromMontgomery(Number{1})).v; }

  // Appends `size` big-endian bytes.
  void write(Bytes& out) const {
    const Number n = number();
    for (size_t i = size; i-- > 0;) out.push_back((uint8_t)(n[i / 8] >> (8 * (i % 8))));
  }

  bool operator==(const Field& b) const { return v == b.v; }
  bool isZero() const { return v == Number{}; }

  Field operator+(const Field& b) const {
    const Number s = plus(v, b.v);
    return fromMontgomery(less(s, modulus) ? s : minus(s, modulus));
  }
  Field operator-(const Field& b) const {
    const Number d = minus(v, b.v);
    return fromMontgomery(less(v, b.v) ? plus(d, modulus) : d);
  }
  Field operator-() const { return isZero() ? *this : fromMontgomery(minus(modulus, v)); }
  Field twice() const { return *this + *this; }
  Field square() const { return *this * *this; }

  // Montgomery multiplication, word by word; the modulus leaves the top bit free, so N accumulators are enough.
  Field operator*(const Field& b) const {
    using Wide = unsigned __int128;
    Number t{};
    for (size_t i = 0; i < N; i++) {
      Wide a = (Wide)v[0] * b.v[i] + t[0];
      const uint64_t m = (uint64_t)a * minusInverse;
      Wide c = (Wide)m * modulus[0] + (uint64_t)a;
      for (size_t j = 1; j < N; j++) {
        a = (Wide)v[j] * b.v[i] + t[j] + (uint64_t)(a >> 64);
        c = (Wide)m * modulus[j] + (uint64_t)a + (uint64_t)(c >> 64);
        t[j - 1] = (uint64_t)c;
      }
      t[N - 1] = (uint64_t)(c >> 64) + (uint64_t)(a >> 64);
    }
    return fromMontgomery(less(t, modulus) ? t : minus(t, modulus));
  }
  Field& operator+=(const Field& b) { return *this = *this + b; }
  Field& operator-=(const Field& b) { return *this = *this - b; }
  Field& operator*=(const Field& b) { return *this = *this * b; }

  Field power(const Number& exponent) const {
    Field r = one();
    for (size_t i = 64 * N; i-- > 0;) {
      r = r.square();
      if (exponent[i / 64] >> (i % 64) & 1) r *= *this;
    }
    return r;
  }
  Field power(uint64_t exponent) const { return power(Number{exponent}); }

  // 1 / this, and 0 for 0.
  Field inverse() const { return power(minus(modulus, Number{2})); }

 private:
  Number v;

  // 2^bits mod the modulus, by doubling.
  static constexpr Number powerOfTwo(size_t exponent) {
    Number r = {1};
    for (size_t i = 0; i < exponent; i++) {
      r = plus(r, r);
      if (!less(r, modulus)) r = minus(r, modulus);
    }
    return r;
  }
  static constexpr Number oneLimbs() { return powerOfTwo(64 * N); }
  static constexpr uint64_t negatedInverse() {
    uint64_t x = 1;  // Newton: the number of right bits doubles every time
    for (int i = 0; i < 6; i++) x *= 2 - modulus[0] * x;
    return -x;
  }
  static constexpr Number rSquared = powerOfTwo(128 * N);
  static constexpr uint64_t minusInverse = negatedInverse();
};

// Replaces every value by its inverse with one inversion and three multiplications each; zeros stay zeros.
template <class F>
void invertAll(std::vector<F>& values) {
  std::vector<F> before(values.size());
  F product = F::one();
  for (size_t i = 0; i < values.size(); i++) {
    before[i] = product;
    if (!values[i].isZero()) product *= values[i];
  }
  F inverse = product.inverse();
  for (size_t i = values.size(); i-- > 0;) {
    if (values[i].isZero()) continue;
    const F own = before[i] * inverse;
    inverse *= values[i];
    values[i] = own;
  }
}
