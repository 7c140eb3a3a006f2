// Prime fields of 254 bits in Montgomery form (four 64-bit limbs, R = 2^256).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

using Limbs = std::array<uint64_t, 4>;
using Bytes = std::vector<uint8_t>;

// True if a < b as numbers.
constexpr bool less(const Limbs& a, const Limbs& b) {
  for (int i = 3; i >= 0; i--) {
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

constexpr Limbs minus(const Limbs& a, const Limbs& b) {
  Limbs out{};
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) out[i] = subtract(a[i], b[i], borrow);
  return out;
}

// a + b; both below 2^255, so nothing is carried out.
constexpr Limbs plus(const Limbs& a, const Limbs& b) {
  Limbs out{};
  uint64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    const unsigned __int128 s = (unsigned __int128)a[i] + b[i] + carry;
    out[i] = (uint64_t)s;
    carry = (uint64_t)(s >> 64);
  }
  return out;
}

// A field whose modulus is `P::modulus`: odd, below 2^255. Values are always reduced.
template <class P>
class Field {
 public:
  static constexpr Limbs modulus = P::modulus;

  constexpr Field() : v{} {}

  static constexpr Field zero() { return Field(); }
  static constexpr Field one() { return fromMontgomery(oneLimbs()); }
  static Field fromInteger(uint64_t n) { return fromNumber({n, 0, 0, 0}); }

  // `n` must be below the modulus.
  static Field fromNumber(const Limbs& n) { return fromMontgomery(n) * fromMontgomery(rSquared); }
  static constexpr Field fromMontgomery(const Limbs& m) {
    Field f;
    f.v = m;
    return f;
  }

  // Reads 32 bytes; false if the number is not below the modulus.
  static bool read(const uint8_t* bytes, bool littleEndian, Field& out) {
    Limbs n{};
    for (int i = 0; i < 32; i++) n[i / 8] |= (uint64_t)bytes[littleEndian ? i : 31 - i] << (8 * (i % 8));
    if (!less(n, modulus)) return false;
    out = fromNumber(n);
    return true;
  }

  // Any 256-bit big-endian number, reduced.
  static Field reduce(const uint8_t* bytes) {
    Limbs n{};
    for (int i = 0; i < 32; i++) n[i / 8] |= (uint64_t)bytes[31 - i] << (8 * (i % 8));
    while (!less(n, modulus)) n = minus(n, modulus);
    return fromNumber(n);
  }

  // The number itself, out of Montgomery form.
  Limbs number() const { return (*this * fromMontgomery({1, 0, 0, 0})).v; }

  // Appends 32 big-endian bytes.
  void write(Bytes& out) const {
    const Limbs n = number();
    for (int i = 31; i >= 0; i--) out.push_back((uint8_t)(n[i / 8] >> (8 * (i % 8))));
  }

  bool operator==(const Field& b) const { return v == b.v; }
  bool isZero() const { return (v[0] | v[1] | v[2] | v[3]) == 0; }

  Field operator+(const Field& b) const {
    const Limbs s = plus(v, b.v);
    return fromMontgomery(less(s, modulus) ? s : minus(s, modulus));
  }
  Field operator-(const Field& b) const {
    const Limbs d = minus(v, b.v);
    return fromMontgomery(less(v, b.v) ? plus(d, modulus) : d);
  }
  Field operator-() const { return isZero() ? *this : fromMontgomery(minus(modulus, v)); }
  Field twice() const { return *this + *this; }
  Field square() const { return *this * *this; }

  // Montgomery multiplication, word by word; the modulus leaves the top bit free, so four accumulators are enough.
  Field operator*(const Field& b) const {
    using Wide = unsigned __int128;
    uint64_t t[4] = {0, 0, 0, 0};
    for (int i = 0; i < 4; i++) {
      Wide a = (Wide)v[0] * b.v[i] + t[0];
      const uint64_t m = (uint64_t)a * minusInverse;
      Wide c = (Wide)m * modulus[0] + (uint64_t)a;
      for (int j = 1; j < 4; j++) {
        a = (Wide)v[j] * b.v[i] + t[j] + (uint64_t)(a >> 64);
        c = (Wide)m * modulus[j] + (uint64_t)a + (uint64_t)(c >> 64);
        t[j - 1] = (uint64_t)c;
      }
      t[3] = (uint64_t)(c >> 64) + (uint64_t)(a >> 64);
    }
    const Limbs r = {t[0], t[1], t[2], t[3]};
    return fromMontgomery(less(r, modulus) ? r : minus(r, modulus));
  }
  Field& operator+=(const Field& b) { return *this = *this + b; }
  Field& operator-=(const Field& b) { return *this = *this - b; }
  Field& operator*=(const Field& b) { return *this = *this * b; }

  Field power(const Limbs& exponent) const {
    Field r = one();
    for (int i = 255; i >= 0; i--) {
      r = r.square();
      if (exponent[i / 64] >> (i % 64) & 1) r *= *this;
    }
    return r;
  }
  Field power(uint64_t exponent) const { return power(Limbs{exponent, 0, 0, 0}); }

  // 1 / this, and 0 for 0.
  Field inverse() const { return power(minus(modulus, {2, 0, 0, 0})); }

 private:
  Limbs v;

  // 2^bits mod the modulus, by doubling.
  static constexpr Limbs powerOfTwo(int bits) {
    Limbs r = {1, 0, 0, 0};
    for (int i = 0; i < bits; i++) {
      r = plus(r, r);
      if (!less(r, modulus)) r = minus(r, modulus);
    }
    return r;
  }
  static constexpr Limbs oneLimbs() { return powerOfTwo(256); }
  static constexpr uint64_t negatedInverse() {
    uint64_t x = 1;  // Newton: the number of right bits doubles every time
    for (int i = 0; i < 6; i++) x *= 2 - modulus[0] * x;
    return -x;
  }
  static constexpr Limbs rSquared = powerOfTwo(512);
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

// BN254 (alt_bn128, EIP-196): the field of coordinates and the field of scalars.
struct CoordinateModulus {
  static constexpr Limbs modulus = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029};
};
struct ScalarModulus {
  static constexpr Limbs modulus = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029};
};
using Fq = Field<CoordinateModulus>;
using Fr = Field<ScalarModulus>;
