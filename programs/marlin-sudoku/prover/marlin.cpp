#include "marlin.h"

#include <algorithm>
#include <bit>

#include "../../support/guest/parallel.h"
#include "../../support/guest/random.h"

// ---------------------------------------------------------------------------------------------------- index (5.3, offline)

static size_t places(const Shape& s, size_t signals) { return s.x + signals - s.publics - 1; }

static Index::Entry& entryAt(std::vector<Index::Entry>& row, size_t rowPlace, size_t column) {
  for (auto& entry : row) {
    if (entry.column == column) return entry;
  }
  return row.emplace_back(Index::Entry{rowPlace, column, {}});
}

Index::Index(const R1cs& circuit) {
  shape.publics = circuit.publics;
  shape.x = std::bit_ceil(circuit.publics + 1);
  shape.h = std::bit_ceil(std::max({circuit.constraints.size(), places(shape, circuit.signals), 2 * shape.x}));
  elements = subgroup(shape.h);

  for (size_t r = 0; r < circuit.constraints.size(); r++) {
    std::vector<Entry> row;
    for (size_t m = 0; m < 3; m++) {
      for (const Term& term : circuit.constraints[r][m]) entryAt(row, r, place(term.signal)).value[m] += term.coefficient;
    }
    std::sort(row.begin(), row.end(), [](const Entry& a, const Entry& b) { return a.column < b.column; });
    entries.insert(entries.end(), row.begin(), row.end());
  }
  shape.k = std::bit_ceil(std::max<size_t>(entries.size(), 2));
  // The longest polynomials are the mask s (3|H| + 2 coefficients) and those on K; the highest powers are for g1 and g2.
  shape.low = std::max(3 * shape.h + 2, shape.k);
  shape.high = std::max(shape.h, shape.k) - 1;

  // 1 / u_H(c, c) = c / |H| turns entries into coefficients of Lagrange polynomials (5.1).
  const Fr overH = Fr::fromInteger(shape.h).inverse();
  for (auto& v : values) v.reserve(shape.k);
  for (size_t i = 0; i < shape.k; i++) {
    const Entry entry = i < entries.size() ? entries[i] : Entry{0, 0, {}};
    const Fr row = elements[entry.row], column = elements[entry.column];
    values[0].push_back(row);
    values[1].push_back(column);
    values[2].push_back(row * column);
    for (size_t m = 0; m < 3; m++) values[3 + m].push_back(entry.value[m] * column * overH);
  }
  parallel(6, [&](size_t i) { polynomials[i] = interpolate(values[i]); });
}

size_t Index::place(size_t signal) const {
  const size_t stride = shape.h / shape.x;
  if (signal <= shape.publics) return signal * stride;
  const size_t i = signal - shape.publics - 1;
  return i + i / (stride - 1) + 1;
}

// ------------------------------------------------------------------------------------------------- commitments (section 6)

static Affine commit(const Parameters& parameters, const Polynomial& p) { return multiply(std::span<const Affine>(parameters.low), std::span<const Fr>(p)); }

// The commitment to X^(degree - bound) p, which exists only if p has at most bound + 1 coefficients.
static Affine commitShifted(const Parameters& parameters, const Polynomial& p, size_t bound) {
  return multiply(std::span<const Affine>(parameters.high).last(bound + 1), std::span<const Fr>(p));
}

Bytes verifyingKey(const Index& index, const Parameters& parameters) {
  const Shape& s = index.shape;
  if (parameters.low.size() < s.low || parameters.high.size() < s.high)
    throw JobError("the reference string is too short for the circuit");
  Bytes out;
  for (const uint64_t n : {(uint64_t)std::countr_zero(s.h), (uint64_t)std::countr_zero(s.x),
                           (uint64_t)std::countr_zero(s.k), parameters.degree, (uint64_t)s.publics})
    Fr::fromInteger(n).write(out);
  for (const auto& p : index.polynomials) commit(parameters, p).write(out);
  for (const size_t bound : {s.h - 2, s.k - 2}) parameters.high[parameters.high.size() - 1 - bound].write(out);
  out.insert(out.end(), parameters.secretInG2.begin(), parameters.secretInG2.end());
  return out;
}

// --------------------------------------------------------------------------------------- Fiat-Shamir transform (section 8)

// Keccak over everything said so far. The key, the public inputs and the context come first, so none can be exchanged later.
class Transcript {
 public:
  Transcript(const Bytes& key, const Context& context, const std::vector<Fr>& publicInputs) {
    const std::string tag = "gevulot marlin bn254 1";
    append(keccak256(Bytes(tag.begin(), tag.end())));
    append(keccak256(key));
    append(context.workload);
    append(context.prover);
    for (const Fr& input : publicInputs) input.write(message);
    fold();
  }
  void absorb(const Bytes& words) {
    message.insert(message.end(), words.begin(), words.end());
    fold();
  }
  Fr challenge() {
    fold();
    return Fr::reduce(message.data());
  }

 private:
  Bytes message;
  void append(const Digest& d) { message.insert(message.end(), d.begin(), d.end()); }
  void fold() {
    const Digest d = keccak256(message);
    message.assign(d.begin(), d.end());
  }
};

// ------------------------------------------------------------------------------------------------------------- randomness

// Adds (r0 + r1 X)(X^h - 1): unchanged on H, and uniformly random at any two points outside H. Each of these polynomials is seen at
// two points: at beta, and at the secret of the reference string through its commitment.
static void blind(Polynomial& p, size_t h) {
  p.resize(h + 2);
  for (size_t i = 0; i < 2; i++) {
    const Fr r = randomElement<Fr>();
    p[i] -= r;
    p[h + i] += r;
  }
}

// ------------------------------------------------------------------------------------------------------ prover (5.3, online)

static Fr inner(const Row& row, const std::vector<Fr>& witness) {
  Fr sum;
  for (const Term& term : row) sum += term.coefficient * witness[term.signal];
  return sum;
}

size_t violatedConstraint(const R1cs& circuit, const std::vector<Fr>& witness) {
  for (size_t i = 0; i < circuit.constraints.size(); i++) {
    const auto& [a, b, c] = circuit.constraints[i];
    if (!(inner(a, witness) * inner(b, witness) == inner(c, witness))) return i;
  }
  return circuit.constraints.size();
}

// The identities hold by algebra; a prover that finds one broken computed wrongly and must not send a proof.
static void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(std::string("the prover computed wrongly: ") + what);
}

// Opens polynomials at one point, all at once: sum xi^i p_i, and last X^(degree - bound) (g - g(point)) for the bounded g.
static Affine open(const Parameters& parameters, const std::vector<const Polynomial*>& polynomials, const Fr& xi,
                   const Fr& point, const Polynomial& bounded, size_t bound) {
  Polynomial sum;
  Fr power = Fr::one();
  for (const auto* p : polynomials) {
    addScaled(sum, *p, power);
    power *= xi;
  }
  Polynomial shifted = divideByLinear(bounded, point);
  for (auto& c : shifted) c *= power;
  const Affine parts[] = {commit(parameters, divideByLinear(sum, point)), commitShifted(parameters, shifted, bound)};
  CurvePoint<Fq> total;
  for (const auto& part : parts) total.add(part);
  return toAffine<Fq>({total})[0];
}

Bytes prove(const R1cs& circuit, const Index& index, const Parameters& parameters, const Bytes& key,
            const Context& context, const std::vector<Fr>& witness) {
  const auto [publics, xSize, hSize, kSize, low, high] = index.shape;
  const std::vector<Fr>& h = index.elements;
  const std::vector<Fr> publicInputs(witness.begin() + 1, witness.begin() + 1 + (long)publics);
  Transcript transcript(key, context, publicInputs);
  Bytes proof;
  const auto send = [&](const std::vector<Affine>& points) {
    Bytes message;
    for (const auto& point : points) point.write(message);
    transcript.absorb(message);
    proof.insert(proof.end(), message.begin(), message.end());
  };

  // First round: w with z = w v_X + x, then A z, B z, and the mask s whose sum over H is zero.
  std::vector<Fr> xValues(witness.begin(), witness.begin() + 1 + (long)publics);
  xValues.resize(xSize);
  const Polynomial x = interpolate(xValues);
  const std::vector<Fr> xOnH = evaluateOn(x, hSize);
  std::vector<Fr> difference(hSize), za(hSize), zb(hSize);
  for (size_t i = 0; i < hSize; i++) difference[i] = i % (hSize / xSize) == 0 ? Fr() : -xOnH[i];
  for (size_t j = publics + 1; j < witness.size(); j++) difference[index.place(j)] += witness[j];
  for (size_t i = 0; i < circuit.constraints.size(); i++) {
    za[i] = inner(circuit.constraints[i][0], witness);
    zb[i] = inner(circuit.constraints[i][1], witness);
  }
  parallel(3, [&](size_t i) {
    auto& p = i == 0 ? difference : i == 1 ? za : zb;
    p = interpolate(std::move(p));
  });
  for (auto* p : {&difference, &za, &zb}) blind(*p, hSize);
  auto [w, left] = divideByVanishing(std::move(difference), xSize);
  require(std::all_of(left.begin(), left.end(), [](const Fr& c) { return c.isZero(); }), "witness polynomial");
  Polynomial s(3 * hSize + 2);
  for (size_t i = 1; i < s.size(); i++) s[i] = randomElement<Fr>();
  for (size_t i = hSize; i < s.size(); i += hSize) s[0] -= s[i];  // the sum over H is |H| (s_0 + s_h + s_2h + ..)
  send({commit(parameters, w), commit(parameters, za), commit(parameters, zb), commit(parameters, s)});
  const Fr alpha = transcript.challenge();
  std::array<Fr, 3> eta;
  for (auto& e : eta) e = transcript.challenge();

  // Second round, sumcheck over H: s + r(alpha, X)(eta_A z_A + eta_B z_B + eta_C z_A z_B) - t z = h1 v_H + X g1.
  const Fr vanishingAlpha = alpha.power(hSize) - Fr::one();
  require(!vanishingAlpha.isZero(), "alpha lies in H");
  std::vector<Fr> r(hSize);
  for (size_t i = 0; i < hSize; i++) r[i] = alpha - h[i];
  invertAll(r);
  for (auto& value : r) value *= vanishingAlpha;
  const auto combine = [&](const std::array<Fr, 3>& v) { return eta[0] * v[0] + eta[1] * v[1] + eta[2] * v[2]; };
  std::vector<Fr> tValues(hSize);
  for (const auto& entry : index.entries) tValues[entry.column] += r[entry.row] * combine(entry.value);
  const Polynomial t = interpolate(tValues);
  Polynomial z(w.size() + xSize);
  for (size_t i = 0; i < w.size(); i++) {
    z[i] -= w[i];
    z[i + xSize] += w[i];
  }
  addScaled(z, x, Fr::one());
  std::array<std::vector<Fr>, 5> big;
  const Polynomial rPolynomial = interpolate(r);
  const std::array<const Polynomial*, 5> factors = {&rPolynomial, &za, &zb, &t, &z};
  parallel(5, [&](size_t i) { big[i] = evaluateOn(*factors[i], 4 * hSize); });
  std::vector<Fr> q(4 * hSize);
  for (size_t i = 0; i < q.size(); i++)
    q[i] = big[0][i] * combine({big[1][i], big[2][i], big[1][i] * big[2][i]}) - big[3][i] * big[4][i];
  q = interpolate(std::move(q));
  addScaled(q, s, Fr::one());
  trim(q);
  auto [h1, rest] = divideByVanishing(std::move(q), hSize);
  require(rest[0].isZero(), "sumcheck over H");
  const Polynomial g1(rest.begin() + 1, rest.end());
  send({commit(parameters, t), commit(parameters, g1), commitShifted(parameters, g1, hSize - 2), commit(parameters, h1)});
  const Fr beta = transcript.challenge();

  // Third round, sumcheck over K: f = X g2 + t(beta) / |K| and a - b f = h2 v_K, where f is a / b on K.
  const Fr vanishingBeta = beta.power(hSize) - Fr::one();
  require(!vanishingBeta.isZero(), "beta lies in H");
  const Fr scale = vanishingAlpha * vanishingBeta;
  const auto& v = index.values;
  std::vector<Fr> f(kSize);
  for (size_t i = 0; i < kSize; i++) f[i] = (alpha - v[0][i]) * (beta - v[1][i]);
  invertAll(f);
  for (size_t i = 0; i < kSize; i++) f[i] *= scale * combine({v[3][i], v[4][i], v[5][i]});
  f = interpolate(std::move(f));
  require(f[0] * Fr::fromInteger(kSize) == evaluateAt(t, beta), "sumcheck over K");
  const Polynomial g2(f.begin() + 1, f.end());
  Polynomial a, b;
  for (size_t m = 0; m < 3; m++) addScaled(a, index.polynomials[3 + m], scale * eta[m]);
  addScaled(b, index.polynomials[0], -beta);
  addScaled(b, index.polynomials[1], -alpha);
  addScaled(b, index.polynomials[2], Fr::one());
  b[0] += alpha * beta;
  std::array<std::vector<Fr>, 3> onK;
  const std::array<const Polynomial*, 3> terms = {&a, &b, &f};
  parallel(3, [&](size_t i) { onK[i] = evaluateOn(*terms[i], 2 * kSize); });
  std::vector<Fr> numerator(2 * kSize);
  for (size_t i = 0; i < numerator.size(); i++) numerator[i] = onK[0][i] - onK[1][i] * onK[2][i];
  auto [h2, zero] = divideByVanishing(interpolate(std::move(numerator)), kSize);
  require(std::all_of(zero.begin(), zero.end(), [](const Fr& c) { return c.isZero(); }), "quotient over K");
  trim(h2);
  send({commit(parameters, g2), commitShifted(parameters, g2, kSize - 2), commit(parameters, h2)});
  const Fr gamma = transcript.challenge();

  // Evaluations at beta and gamma, then one opening for each point (section 9.2).
  const std::vector<const Polynomial*> atBeta = {&w, &za, &zb, &s, &t, &g1, &h1};
  std::vector<const Polynomial*> atGamma;
  for (const auto& p : index.polynomials) atGamma.push_back(&p);
  atGamma.insert(atGamma.end(), {&g2, &h2});
  Bytes evaluations;
  for (const auto* p : atBeta) evaluateAt(*p, beta).write(evaluations);
  for (const auto* p : atGamma) evaluateAt(*p, gamma).write(evaluations);
  transcript.absorb(evaluations);
  proof.insert(proof.end(), evaluations.begin(), evaluations.end());
  const Fr xi = transcript.challenge();
  send({open(parameters, atBeta, xi, beta, g1, hSize - 2), open(parameters, atGamma, xi, gamma, g2, kSize - 2)});
  return proof;
}
