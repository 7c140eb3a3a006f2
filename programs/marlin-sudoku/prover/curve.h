// The group G1 of BN254: y^2 = x^3 + 3.
#pragma once

#include <span>

#include "field.h"

// A point with affine coordinates; (0, 0), which is not on the curve, stands for the point at infinity.
struct Affine {
  Fq x, y;
  bool isInfinity() const { return x.isZero() && y.isZero(); }
  bool onCurve() const { return y.square() == x.square() * x + Fq::fromInteger(3); }
  // Appends 64 bytes, x and y.
  void write(Bytes& out) const {
    x.write(out);
    y.write(out);
  }
};

// A point as (X, Y, ZZ, ZZZ) with x = X / ZZ, y = Y / ZZZ, ZZ^3 = ZZZ^2; ZZ = 0 is the point at infinity.
struct Point {
  Fq x, y, zz, zzz;
  bool isInfinity() const { return zz.isZero(); }
  void add(const Affine& b);
  void add(const Point& b);
  void twice();
};

// Affine forms, with one inversion for all.
std::vector<Affine> toAffine(const std::vector<Point>& points);

// The sum of scalars[i] * bases[i], on all cores. There are at least as many bases as scalars.
Affine multiply(std::span<const Affine> bases, std::span<const Fr> scalars);

// Each scalar times the generator (1, 2), on all cores.
std::vector<Affine> multiplesOfGenerator(const std::vector<Fr>& scalars);
