// BLS12-381: its fields, and the groups G1: y^2 = x^3 + 4 and G2: y^2 = x^3 + 4 (1 + u).
#pragma once

#include "../../support/guest/curve.h"
#include "../../support/guest/files.h"

struct CoordinateModulus {
  static constexpr Limbs<6> modulus = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
                                       0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
  static constexpr int bits = 381;
};
struct ScalarModulus {
  static constexpr Limbs<4> modulus = {0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48};
  static constexpr int bits = 255;
  static constexpr uint64_t generator = 7;
  static constexpr int twoAdicity = 32;
};
using Fq = Field<CoordinateModulus>;
using Fr = Field<ScalarModulus>;

// Fq[u] / (u^2 + 1): c0 + c1 u.
struct Fq2 {
  Fq c0, c1;
  static Fq2 one() { return {Fq::one(), Fq::zero()}; }
  bool isZero() const { return c0.isZero() && c1.isZero(); }
  bool operator==(const Fq2& b) const { return c0 == b.c0 && c1 == b.c1; }
  Fq2 operator+(const Fq2& b) const { return {c0 + b.c0, c1 + b.c1}; }
  Fq2 operator-(const Fq2& b) const { return {c0 - b.c0, c1 - b.c1}; }
  Fq2 operator-() const { return {-c0, -c1}; }
  Fq2 operator*(const Fq2& b) const {
    const Fq low = c0 * b.c0, high = c1 * b.c1;
    return {low - high, (c0 + c1) * (b.c0 + b.c1) - low - high};
  }
  Fq2& operator*=(const Fq2& b) { return *this = *this * b; }
  Fq2 twice() const { return {c0.twice(), c1.twice()}; }
  Fq2 square() const { return {(c0 + c1) * (c0 - c1), (c0 * c1).twice()}; }
  Fq2 inverse() const {
    const Fq norm = (c0.square() + c1.square()).inverse();
    return {c0 * norm, -(c1 * norm)};
  }
  // c0 before c1, as EIP-2537 has it.
  void write(Bytes& out) const {
    c0.write(out);
    c1.write(out);
  }
};

using G1 = AffinePoint<Fq>;
using G2 = AffinePoint<Fq2>;

inline void readCoordinate(Reader& reader, Fq& out) { out = reader.field<Fq>(false); }
inline void readCoordinate(Reader& reader, Fq2& out) {
  out.c0 = reader.field<Fq>(false);
  out.c1 = reader.field<Fq>(false);
}
inline bool onCurve(const G1& p) { return p.onCurve(Fq::fromInteger(4)); }
inline bool onCurve(const G2& p) { return p.onCurve({Fq::fromInteger(4), Fq::fromInteger(4)}); }

// A point of a file that this program or its tool wrote; 0, 0 is the point at infinity.
template <class P>
P readPoint(Reader& reader) {
  P p;
  readCoordinate(reader, p.x);
  readCoordinate(reader, p.y);
  if (!p.isInfinity() && !onCurve(p)) reader.fail("holds a point that is not on the curve");
  return p;
}
