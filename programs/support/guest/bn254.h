// BN254 (alt_bn128, EIP-196): its two fields, and the group G1: y^2 = x^3 + 3.
#pragma once

#include "curve.h"

struct CoordinateModulus {
  static constexpr Limbs<4> modulus = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029};
  static constexpr int bits = 254;
};
struct ScalarModulus {
  static constexpr Limbs<4> modulus = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029};
  static constexpr int bits = 254;
  static constexpr uint64_t generator = 5;
  static constexpr int twoAdicity = 28;
};
using Fq = Field<CoordinateModulus>;
using Fr = Field<ScalarModulus>;
using Affine = AffinePoint<Fq>;
