#include "groth16.h"

#include <bit>

#include "../../support/guest/random.h"
#include "../../support/guest/subgroup.h"

static constexpr char MAGIC[] = "POSTKEY1";

// Below the constraints stand as many rows "signal times zero", one for the constant one and each public signal: they keep the polynomials of the public
// signals linearly independent, so that a proof for some public inputs cannot be turned into one for others.
static size_t domainSize(const Circuit& circuit) {
  return std::bit_ceil(circuit.constraints.size() + circuit.publics + 1);
}

// ------------------------------------------------------------------------------------------------------------------- set-up

// Every Lagrange polynomial of the domain of `size` points, at `point`.
static std::vector<Fr> lagrangeAt(const Fr& point, size_t size) {
  const std::vector<Fr> roots = powersOf(rootOfUnity<ScalarModulus>(size), size);
  std::vector<Fr> out;
  for (const Fr& root : roots) out.push_back(point - root);
  invertAll(out);
  const Fr numerator = (point.power(size) - Fr::one()) * Fr::fromInteger(size).inverse();
  for (size_t i = 0; i < size; i++) out[i] *= numerator * roots[i];
  return out;
}

Parameters setUp(const Circuit& circuit, const Shape& shape, const Secrets& secrets, const G1& g1, const G2& g2, Bytes& verifyingKey) {
  const size_t size = domainSize(circuit), signals = circuit.values.size();
  const std::vector<Fr> lagrange = lagrangeAt(secrets.tau, size);
  std::array<std::vector<Fr>, 3> at;  // the polynomials of every signal, at tau
  for (auto& v : at) v.resize(signals);
  for (size_t row = 0; row < circuit.constraints.size(); row++) {
    for (size_t m = 0; m < 3; m++) {
      for (const Term& term : circuit.constraints[row][m]) at[m][term.signal] += term.coefficient * lagrange[row];
    }
  }
  for (size_t i = 0; i <= circuit.publics; i++) at[0][i] += lagrange[circuit.constraints.size() + i];

  std::vector<Fr> inputs, l, h;
  const Fr overGamma = secrets.gamma.inverse(), overDelta = secrets.delta.inverse();
  for (size_t i = 0; i < signals; i++) {
    const Fr combined = secrets.beta * at[0][i] + secrets.alpha * at[1][i] + at[2][i];
    (i <= circuit.publics ? inputs : l).push_back(combined * (i <= circuit.publics ? overGamma : overDelta));
  }
  const std::vector<Fr> doubled = lagrangeAt(secrets.tau, 2 * size);
  for (size_t i = 1; i < doubled.size(); i += 2) h.push_back(doubled[i] * overDelta);

  Parameters p;
  p.shape = shape;
  const std::vector<G1> single = multiplesOf(g1, std::vector<Fr>{secrets.alpha, secrets.beta, secrets.delta});
  const std::vector<G2> twisted = multiplesOf(g2, std::vector<Fr>{secrets.beta, secrets.gamma, secrets.delta});
  p.alpha = single[0];
  p.beta = single[1];
  p.delta = single[2];
  p.betaG2 = twisted[0];
  p.deltaG2 = twisted[2];
  p.a = multiplesOf(g1, at[0]);
  p.b = multiplesOf(g1, at[1]);
  p.bG2 = multiplesOf(g2, at[1]);
  p.l = multiplesOf(g1, l);
  p.h = multiplesOf(g1, h);

  p.alpha.write(verifyingKey);
  for (const G2& point : twisted) point.write(verifyingKey);
  for (const G1& point : multiplesOf(g1, inputs)) point.write(verifyingKey);
  return p;
}

// ------------------------------------------------------------------------------------------------------------------ a file

template <class P>
static void writePoints(Bytes& out, const std::vector<P>& points) {
  for (int i = 3; i >= 0; i--) out.push_back((uint8_t)(points.size() >> (8 * i)));
  for (const P& point : points) point.write(out);
}

template <class P>
static std::vector<P> readPoints(Reader& reader) {
  std::vector<P> out(reader.count(reader.big(4), 1u << 20));
  for (P& point : out) point = readPoint<P>(reader);
  return out;
}

Bytes writeParameters(const Parameters& p) {
  Bytes out(MAGIC, MAGIC + std::strlen(MAGIC));
  for (const uint32_t n : {p.shape.sectors, p.shape.challenges, p.shape.levels}) out.push_back((uint8_t)n);
  for (const G1& point : {p.alpha, p.beta, p.delta}) point.write(out);
  for (const G2& point : {p.betaG2, p.deltaG2}) point.write(out);
  writePoints(out, p.a);
  writePoints(out, p.b);
  writePoints(out, p.bG2);
  writePoints(out, p.l);
  writePoints(out, p.h);
  return out;
}

Parameters readParameters(const Bytes& file) {
  Reader reader("file of parameters", file);
  reader.expect(MAGIC);
  Parameters p;
  for (uint32_t* n : {&p.shape.sectors, &p.shape.challenges, &p.shape.levels}) *n = (uint32_t)reader.big(1);
  for (G1* point : {&p.alpha, &p.beta, &p.delta}) *point = readPoint<G1>(reader);
  for (G2* point : {&p.betaG2, &p.deltaG2}) *point = readPoint<G2>(reader);
  p.a = readPoints<G1>(reader);
  p.b = readPoints<G1>(reader);
  p.bG2 = readPoints<G2>(reader);
  p.l = readPoints<G1>(reader);
  p.h = readPoints<G1>(reader);
  reader.finish();
  return p;
}

// -------------------------------------------------------------------------------------------------------------------- proof

// A · B - C at the odd points of the doubled domain.
static std::vector<Fr> quotientValues(const Circuit& circuit, size_t size) {
  std::vector<Fr> a(size), b(size), c(size);
  parallelParts(circuit.constraints.size(), [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
      a[row] = circuit.valueOf(circuit.constraints[row][0]);
      b[row] = circuit.valueOf(circuit.constraints[row][1]);
      c[row] = a[row] * b[row];
    }
  });
  for (size_t i = 0; i <= circuit.publics; i++) a[circuit.constraints.size() + i] = circuit.values[i];

  const std::vector<Fr> shift = powersOf(rootOfUnity<ScalarModulus>(2 * size), size);
  const std::array<std::vector<Fr>*, 3> all = {&a, &b, &c};
  parallel(all.size(), [&](size_t i) {
    std::vector<Fr>& v = *all[i];
    v = interpolate(std::move(v));
    for (size_t j = 0; j < size; j++) v[j] *= shift[j];
    transform(v, false);
  });
  for (size_t i = 0; i < size; i++) a[i] = a[i] * b[i] - c[i];
  return a;
}

template <class P>
static auto sum(const std::vector<P>& bases, std::span<const Fr> scalars) {
  return multiply(std::span<const P>(bases), scalars);
}

// The sum of points, each times a factor.
template <class F>
static AffinePoint<F> combine(const std::vector<std::pair<AffinePoint<F>, Fr>>& terms) {
  std::vector<AffinePoint<F>> bases;
  std::vector<Fr> scalars;
  for (const auto& [base, scalar] : terms) {
    bases.push_back(base);
    scalars.push_back(scalar);
  }
  return multiply(std::span<const AffinePoint<F>>(bases), std::span<const Fr>(scalars));
}

Bytes prove(const Circuit& circuit, const Parameters& p) {
  const size_t size = domainSize(circuit), signals = circuit.values.size(), privates = signals - circuit.publics - 1;
  if (p.a.size() != signals || p.b.size() != signals || p.bG2.size() != signals || p.l.size() != privates || p.h.size() != size)
    throw JobError("the parameters belong to another circuit");

  const Fr one = Fr::one(), r = randomElement<Fr>(), s = randomElement<Fr>();
  const std::span<const Fr> values(circuit.values);
  const G1 a = combine<Fq>({{p.alpha, one}, {sum(p.a, values), one}, {p.delta, r}});
  const G1 b = combine<Fq>({{p.beta, one}, {sum(p.b, values), one}, {p.delta, s}});
  const G2 bG2 = combine<Fq2>({{p.betaG2, one}, {sum(p.bG2, values), one}, {p.deltaG2, s}});
  const G1 l = sum(p.l, values.last(privates));
  const G1 h = sum(p.h, quotientValues(circuit, size));
  const G1 c = combine<Fq>({{l, one}, {h, one}, {a, s}, {b, r}, {p.delta, -(r * s)}});

  Bytes proof;
  a.write(proof);
  bG2.write(proof);
  c.write(proof);
  return proof;
}
