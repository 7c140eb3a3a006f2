#include "curve.h"

#include <algorithm>
#include <bit>

#include "parallel.h"

// Formulas madd-2008-s, add-2008-s and dbl-2008-s-1 for extended Jacobian coordinates, with the cases they leave out.

static Point fromAffine(const Affine& a) {
  if (a.isInfinity()) return {};
  return {a.x, a.y, Fq::one(), Fq::one()};
}

void Point::twice() {
  if (isInfinity()) return;
  const Fq u = y.twice(), v = u.square(), w = u * v, s = x * v, xx = x.square(), m = xx.twice() + xx;
  x = m.square() - s.twice();
  y = m * (s - x) - w * y;
  zz *= v;
  zzz *= w;
}

void Point::add(const Affine& b) {
  if (b.isInfinity()) return;
  if (isInfinity()) {
    *this = fromAffine(b);
    return;
  }
  const Fq p = b.x * zz - x, r = b.y * zzz - y;
  if (p.isZero()) {
    if (r.isZero()) {
      twice();
    } else {
      *this = {};
    }
    return;
  }
  const Fq pp = p.square(), ppp = p * pp, q = x * pp;
  x = r.square() - ppp - q.twice();
  y = r * (q - x) - y * ppp;
  zz *= pp;
  zzz *= ppp;
}

void Point::add(const Point& b) {
  if (b.isInfinity()) return;
  if (isInfinity()) {
    *this = b;
    return;
  }
  const Fq u = x * b.zz, s = y * b.zzz, p = b.x * zz - u, r = b.y * zzz - s;
  if (p.isZero()) {
    if (r.isZero()) {
      twice();
    } else {
      *this = {};
    }
    return;
  }
  const Fq pp = p.square(), ppp = p * pp, q = u * pp;
  x = r.square() - ppp - q.twice();
  y = r * (q - x) - s * ppp;
  zz = zz * b.zz * pp;
  zzz = zzz * b.zzz * ppp;
}

std::vector<Affine> toAffine(const std::vector<Point>& points) {
  // x = X / ZZ and y = Y / ZZZ; 1 / ZZ = (ZZ / ZZZ)^2, as ZZ^3 = ZZZ^2.
  std::vector<Fq> inverses(points.size());
  for (size_t i = 0; i < points.size(); i++) inverses[i] = points[i].zzz;
  invertAll(inverses);
  std::vector<Affine> out(points.size());
  for (size_t i = 0; i < points.size(); i++) {
    const Fq z = points[i].zz * inverses[i];
    out[i] = {points[i].x * z.square(), points[i].y * inverses[i]};
  }
  return out;
}

// Pippenger's method. Scalars are cut into signed digits of `width` bits; each window sorts the bases into buckets by
// digit and sums the buckets weighted by their digits. Windows are independent, so cores share them.
Affine multiply(std::span<const Affine> bases, std::span<const Fr> scalars) {
  const size_t count = scalars.size();
  if (count == 0) return {};
  const int width = std::max(3, (int)std::bit_width(count) - 3);
  const int windows = 254 / width + 1;  // the carry of the last digit fits: the scalars have 254 bits

  std::vector<int32_t> digits(count * windows);
  parallelParts(count, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      const Limbs n = scalars[i].number();
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

  std::vector<Point> sums(windows);
  parallel(windows, [&](size_t w) {
    std::vector<Point> buckets(1u << (width - 1));
    for (size_t i = 0; i < count; i++) {
      const int32_t digit = digits[w * count + i];
      if (digit > 0) buckets[digit - 1].add(bases[i]);
      if (digit < 0) buckets[-digit - 1].add(Affine{bases[i].x, -bases[i].y});
    }
    Point running, sum;
    for (size_t b = buckets.size(); b-- > 0;) {
      running.add(buckets[b]);
      sum.add(running);
    }
    sums[w] = sum;
  });

  Point total;
  for (int w = windows - 1; w >= 0; w--) {
    for (int i = 0; i < width; i++) total.twice();
    total.add(sums[w]);
  }
  return toAffine({total})[0];
}

std::vector<Affine> multiplesOfGenerator(const std::vector<Fr>& scalars) {
  // table[256 w + d] = d * 2^(8 w) * (1, 2)
  std::vector<Point> multiples;
  Point base = fromAffine({Fq::one(), Fq::fromInteger(2)});
  for (int w = 0; w < 32; w++) {
    Point sum;
    for (int d = 0; d < 256; d++) {
      multiples.push_back(sum);
      sum.add(base);
    }
    base = sum;
  }
  const std::vector<Affine> table = toAffine(multiples);
  std::vector<Point> out(scalars.size());
  parallelParts(scalars.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      const Limbs n = scalars[i].number();
      for (int w = 0; w < 32; w++) out[i].add(table[256 * w + (n[w / 8] >> (8 * (w % 8)) & 255)]);
    }
  });
  return toAffine(out);
}
