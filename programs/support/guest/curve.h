// Groups of points with y^2 = x^3 + b, over any field of coordinates F: additions and sums of many multiples.
#pragma once

#include <algorithm>
#include <bit>
#include <span>

#include "field.h"
#include "parallel.h"

// A point with affine coordinates; (0, 0), which is on no such curve with b != 0, stands for the point at infinity.
template <class F>
struct AffinePoint {
  F x, y;
  bool isInfinity() const { return x.isZero() && y.isZero(); }
  bool onCurve(const F& b) const { return y.square() == x.square() * x + b; }
  AffinePoint operator-() const { return {x, -y}; }
  // Appends x and y.
  void write(Bytes& out) const {
    x.write(out);
    y.write(out);
  }
};

// A point as (X, Y, ZZ, ZZZ) with x = X / ZZ, y = Y / ZZZ, ZZ^3 = ZZZ^2; ZZ = 0 is the point at infinity.
template <class F>
struct CurvePoint {
  F x, y, zz, zzz;
  CurvePoint() = default;
  CurvePoint(const AffinePoint<F>& a) {
    if (!a.isInfinity()) *this = {a.x, a.y, F::one(), F::one()};
  }
  CurvePoint(const F& x, const F& y, const F& zz, const F& zzz) : x(x), y(y), zz(zz), zzz(zzz) {}
  bool isInfinity() const { return zz.isZero(); }
  void add(const AffinePoint<F>& b);
  void add(const CurvePoint& b);
  void twice();
};

// Formulas madd-2008-s, add-2008-s and dbl-2008-s-1 for extended Jacobian coordinates, with the cases they leave out.

template <class F>
void CurvePoint<F>::twice() {
  if (isInfinity()) return;
  const F u = y.twice(), v = u.square(), w = u * v, s = x * v, xx = x.square(), m = xx.twice() + xx;
  x = m.square() - s.twice();
  y = m * (s - x) - w * y;
  zz *= v;
  zzz *= w;
}

template <class F>
void CurvePoint<F>::add(const AffinePoint<F>& b) {
  if (b.isInfinity()) return;
  if (isInfinity()) {
    *this = b;
    return;
  }
  const F p = b.x * zz - x, r = b.y * zzz - y;
  if (p.isZero()) {
    if (r.isZero()) {
      twice();
    } else {
      *this = {};
    }
    return;
  }
  const F pp = p.square(), ppp = p * pp, q = x * pp;
  x = r.square() - ppp - q.twice();
  y = r * (q - x) - y * ppp;
  zz *= pp;
  zzz *= ppp;
}

template <class F>
void CurvePoint<F>::add(const CurvePoint& b) {
  if (b.isInfinity()) return;
  if (isInfinity()) {
    *this = b;
    return;
  }
  const F u = x * b.zz, s = y * b.zzz, p = b.x * zz - u, r = b.y * zzz - s;
  if (p.isZero()) {
    if (r.isZero()) {
      twice();
    } else {
      *this = {};
    }
    return;
  }
  const F pp = p.square(), ppp = p * pp, q = u * pp;
  x = r.square() - ppp - q.twice();
  y = r * (q - x) - s * ppp;
  zz = zz * b.zz * pp;
  zzz = zzz * b.zzz * ppp;
}

// Affine forms, with one inversion for all.
template <class F>
std::vector<AffinePoint<F>> toAffine(const std::vector<CurvePoint<F>>& points) {
  // x = X / ZZ and y = Y / ZZZ; 1 / ZZ = (ZZ / ZZZ)^2, as ZZ^3 = ZZZ^2.
  std::vector<F> inverses(points.size());
  for (size_t i = 0; i < points.size(); i++) inverses[i] = points[i].zzz;
  invertAll(inverses);
  std::vector<AffinePoint<F>> out(points.size());
  for (size_t i = 0; i < points.size(); i++) {
    const F z = points[i].zz * inverses[i];
    out[i] = {points[i].x * z.square(), points[i].y * inverses[i]};
  }
  return out;
}

// The sum of scalars[i] * bases[i], on all cores. There are at least as many bases as scalars. Pippenger's method: scalars are
// cut into signed digits of `width` bits; each window sorts the bases into buckets by digit and sums the buckets weighted by
// their digits. Windows are independent, so cores share them.
template <class F, class S>
AffinePoint<F> multiply(std::span<const AffinePoint<F>> bases, std::span<const S> scalars) {
  const size_t count = scalars.size();
  if (count == 0) return {};
  const int width = std::max(3, (int)std::bit_width(count) - 3);
  const int windows = S::bits / width + 1;  // the carry of the last digit fits

  std::vector<int32_t> digits(count * windows);
  parallelParts(count, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      const auto n = scalars[i].number();
      int32_t carry = 0;
      for (int w = 0; w < windows; w++) {
        const int at = w * width;
        uint64_t bits = n[at / 64] >> (at % 64);
        if (at % 64 + width > 64 && at / 64 < 3) bits |= n[at / 64 + 1] << (64 - at % 64);
        int32_t digit = (int32_t)(bits & ((1u << width) - 1)) + carry;
        carry = digit > 1 << (width - 1);
        if (carry) digit -= 1 << width;
        digits[w * count + i] = digit;
      }
    }
  });

  std::vector<CurvePoint<F>> sums(windows);
  parallel(windows, [&](size_t w) {
    std::vector<CurvePoint<F>> buckets(1u << (width - 1));
    for (size_t i = 0; i < count; i++) {
      const int32_t digit = digits[w * count + i];
      if (digit > 0) buckets[digit - 1].add(bases[i]);
      if (digit < 0) buckets[-digit - 1].add(-bases[i]);
    }
    CurvePoint<F> running, sum;
    for (size_t b = buckets.size(); b-- > 0;) {
      running.add(buckets[b]);
      sum.add(running);
    }
    sums[w] = sum;
  });

  CurvePoint<F> total;
  for (int w = windows - 1; w >= 0; w--) {
    for (int i = 0; i < width; i++) total.twice();
    total.add(sums[w]);
  }
  return toAffine<F>({total})[0];
}

// Each scalar times the generator, on all cores.
template <class F, class S>
std::vector<AffinePoint<F>> multiplesOf(const AffinePoint<F>& generator, const std::vector<S>& scalars) {
  // table[256 w + d] = d * 2^(8 w) * generator
  std::vector<CurvePoint<F>> multiples;
  CurvePoint<F> base = generator;
  for (int w = 0; w < 32; w++) {
    CurvePoint<F> sum;
    for (int d = 0; d < 256; d++) {
      multiples.push_back(sum);
      sum.add(base);
    }
    base = sum;
  }
  const std::vector<AffinePoint<F>> table = toAffine(multiples);
  std::vector<CurvePoint<F>> out(scalars.size());
  parallelParts(scalars.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      const auto n = scalars[i].number();
      for (int w = 0; w < 32; w++) out[i].add(table[256 * w + (n[w / 8] >> (8 * (w % 8)) & 255)]);
    }
  });
  return toAffine(out);
}
