#include "circuit.h"

#include <map>

#include "poseidon.h"

namespace {

// The constraints of a hash over signals of its own: 0 is the constant one, then come the preimage and what each constraint defines, the
// digest last. Every hash of a circuit is a copy of them.
struct HashGadget {
  std::vector<Constraint> constraints;
  size_t signals;

  explicit HashGadget(size_t arity) : signals(arity + 1) {
    const PoseidonConstants& c = poseidonConstants(arity);
    // Linear combinations, as one coefficient for each signal there will ever be.
    std::vector<std::vector<Fr>> state(c.width, std::vector<Fr>(1024)), mixed = state;
    state[0][0] = c.tag;
    for (size_t i = 1; i < c.width; i++) state[i][i] = Fr::one();
    const size_t half = POSEIDON_FULL_ROUNDS / 2;
    for (size_t round = 0; round < POSEIDON_FULL_ROUNDS + c.partialRounds; round++) {
      for (size_t i = 0; i < c.width; i++) state[i][0] += c.roundConstants[round * c.width + i];
      const bool full = round < half || round >= half + c.partialRounds;
      for (size_t i = 0; i < (full ? c.width : 1); i++) state[i] = fifth(state[i]);
      for (size_t j = 0; j < c.width; j++) {
        std::fill(mixed[j].begin(), mixed[j].end(), Fr());
        for (size_t i = 0; i < c.width; i++) {
          for (size_t k = 0; k < signals; k++) mixed[j][k] += c.matrix[i][j] * state[i][k];
        }
      }
      state.swap(mixed);
    }
    define(sparse(state[1]), {{0, Fr::one()}});
  }

 private:
  Row define(Row a, Row b) {
    const Row defined = {{(uint32_t)signals++, Fr::one()}};
    constraints.push_back({std::move(a), std::move(b), defined});
    return defined;
  }
  Row sparse(const std::vector<Fr>& combination) const {
    Row row;
    for (size_t k = 0; k < signals; k++) {
      if (!combination[k].isZero()) row.push_back({(uint32_t)k, combination[k]});
    }
    return row;
  }
  std::vector<Fr> fifth(const std::vector<Fr>& x) {
    const Row row = sparse(x);
    std::vector<Fr> out(x.size());
    if (row.size() == 1 && row[0].signal == 0) {
      // The domain tag in the first round: a constant needs no constraint.
      out[0] = x[0].square().square() * x[0];
      return out;
    }
    const Row square = define(row, row), fourth = define(square, square);
    out[define(fourth, row)[0].signal] = Fr::one();
    return out;
  }
};

const HashGadget& gadgetOf(size_t arity) {
  static const std::map<size_t, HashGadget> known = {{2, HashGadget(2)}, {8, HashGadget(8)}};
  return known.at(arity);
}

}  // namespace

Fr Circuit::valueOf(const Row& row) const {
  Fr sum;
  for (const Term& term : row) sum += values[term.signal] * term.coefficient;
  return sum;
}

uint32_t Circuit::product(const Row& a, const Row& b) {
  const uint32_t signal = allocate(valueOf(a) * valueOf(b));
  require(a, b, {{signal, Fr::one()}});
  return signal;
}

void Circuit::requireBit(uint32_t signal) {
  require({{signal, Fr::one()}}, {{signal, Fr::one()}, {0, -Fr::one()}}, {});
}

Row Circuit::choose(std::span<const uint32_t> options, std::span<const uint32_t> bits) {
  std::vector<Row> rows;
  for (const uint32_t option : options) rows.push_back({{option, Fr::one()}});
  for (const uint32_t bit : bits) {
    // even + bit · (odd - even)
    for (size_t i = 0; 2 * i < rows.size(); i++) {
      const Row even = rows[2 * i];
      Row difference = rows[2 * i + 1];
      for (const Term& term : even) difference.push_back({term.signal, -term.coefficient});
      rows[i] = even;
      rows[i].push_back({product({{bit, Fr::one()}}, difference), Fr::one()});
    }
    rows.resize(rows.size() / 2);
  }
  return rows[0];
}

uint32_t Circuit::hash(std::span<const uint32_t> preimage) {
  const HashGadget& gadget = gadgetOf(preimage.size());
  std::vector<uint32_t> names = {0};
  names.insert(names.end(), preimage.begin(), preimage.end());
  const auto renamed = [&](Row row) {
    for (Term& term : row) term.signal = names[term.signal];
    return row;
  };
  for (const auto& [a, b, c] : gadget.constraints) names.push_back(product(renamed(a), renamed(b)));
  return names.back();
}

size_t Circuit::firstViolated() const {
  for (size_t i = 0; i < constraints.size(); i++) {
    const auto& [a, b, c] = constraints[i];
    if (!(valueOf(a) * valueOf(b) == valueOf(c))) return i;
  }
  return constraints.size();
}
