// Groth16 (ePrint 2016/260, section 3.2) over BLS12-381.
#pragma once

#include "circuit.h"
#include "post.h"

// What the prover needs of a set-up, for one circuit. One point for every signal, (0, 0) where its polynomial is zero.
struct Parameters {
  Shape shape;
  G1 alpha, beta, delta;
  G2 betaG2, deltaG2;
  std::vector<G1> a, b;
  std::vector<G2> bG2;
  std::vector<G1> l;  // (beta a + alpha b + c) / delta of the private signals
  // The Lagrange polynomials of the odd points of a domain twice the circuit's size, over delta: A · B - C vanishes at the even
  // ones, so its values at the odd ones are all that the quotient needs.
  std::vector<G1> h;
};
Parameters readParameters(const Bytes& file);
Bytes writeParameters(const Parameters& parameters);

// The secrets of a set-up. Whoever knows them can forge proofs.
struct Secrets {
  Fr tau, alpha, beta, gamma, delta;
};

// Parameters from known secrets, and the verifying key: alpha (G1), beta, gamma, delta (G2), then a point of G1 for the constant one and
// for every public signal.
Parameters setUp(const Circuit& circuit, const Shape& shape, const Secrets& secrets, const G1& g1, const G2& g2, Bytes& verifyingKey);

// 384 bytes: A, B, C.
Bytes prove(const Circuit& circuit, const Parameters& parameters);
