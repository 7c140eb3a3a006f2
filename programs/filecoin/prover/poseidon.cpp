#include "poseidon.h"

#include <map>

namespace {

// The self-shrinking 80-bit LFSR of the reference (Poseidon paper, appendix E).
class Grain {
 public:
  Grain(size_t width, size_t partialRounds) {
    append(2, 1);    // a prime field
    append(4, 1);    // S-box x^alpha
    append(12, 255);
    append(12, width);
    append(10, POSEIDON_FULL_ROUNDS);
    append(10, partialRounds);
    append(30, (1u << 30) - 1);
    for (int i = 0; i < 160; i++) step();
  }
  // The next number of 255 bits that is below the order.
  Fr element() {
    for (;;) {
      uint8_t bytes[Fr::size] = {};
      for (size_t i = 1; i < 8 * Fr::size; i++) bytes[i / 8] |= (uint8_t)(bit() << (7 - i % 8));
      Fr out;
      if (Fr::read(bytes, false, out)) return out;
    }
  }

 private:
  uint8_t state[80];
  size_t filled = 0;

  void append(int length, size_t value) {
    for (int i = length; i-- > 0;) state[filled++] = value >> i & 1;
  }
  uint8_t step() {
    const uint8_t next = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0];
    std::copy(state + 1, state + 80, state);
    return state[79] = next;
  }
  uint8_t bit() {
    for (;;) {
      const uint8_t keep = step(), value = step();
      if (keep) return value;
    }
  }
};

PoseidonConstants derive(size_t arity) {
  PoseidonConstants c;
  c.width = arity + 1;
  c.partialRounds = arity == 2 ? 55 : 57;
  c.tag = Fr::fromInteger((1u << arity) - 1);
  Grain grain(c.width, c.partialRounds);
  for (size_t i = 0; i < (POSEIDON_FULL_ROUNDS + c.partialRounds) * c.width; i++)
    c.roundConstants.push_back(grain.element());
  c.matrix.resize(c.width);
  for (size_t i = 0; i < c.width; i++) {
    for (size_t j = 0; j < c.width; j++) c.matrix[i].push_back(Fr::fromInteger(i + c.width + j).inverse());
  }
  return c;
}

Fr fifth(const Fr& x) { return x.square().square() * x; }

}  // namespace

const PoseidonConstants& poseidonConstants(size_t arity) {
  static const std::map<size_t, PoseidonConstants> known = {{2, derive(2)}, {8, derive(8)}};
  return known.at(arity);
}

Fr poseidon(std::span<const Fr> preimage) {
  const PoseidonConstants& c = poseidonConstants(preimage.size());
  std::vector<Fr> state = {c.tag}, mixed(c.width);
  state.insert(state.end(), preimage.begin(), preimage.end());
  const size_t half = POSEIDON_FULL_ROUNDS / 2;
  for (size_t round = 0; round < POSEIDON_FULL_ROUNDS + c.partialRounds; round++) {
    for (size_t i = 0; i < c.width; i++) state[i] += c.roundConstants[round * c.width + i];
    const bool full = round < half || round >= half + c.partialRounds;
    for (size_t i = 0; i < (full ? c.width : 1); i++) state[i] = fifth(state[i]);
    for (size_t j = 0; j < c.width; j++) {
      mixed[j] = Fr();
      for (size_t i = 0; i < c.width; i++) mixed[j] += c.matrix[i][j] * state[i];
    }
    state.swap(mixed);
  }
  return state[1];
}
