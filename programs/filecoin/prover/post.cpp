#include "post.h"

#include <algorithm>
#include <string>

static constexpr char VANILLA_MAGIC[] = "FILPOST1";
static constexpr char CONTEXT_TAG[] = "gevulot filecoin post 1";

PublicInputs readPublicInputs(const Bytes& file, const Shape& shape) {
  if (file.size() != 32 * (1 + 2 * shape.sectors)) throw JobError("public_inputs has the wrong length");
  Reader reader("file public_inputs", file);
  PublicInputs out;
  std::copy_n(reader.take(32), 32, out.randomness.begin());
  for (size_t s = 0; s < shape.sectors; s++) {
    for (int i = 0; i < 3; i++) {
      if (reader.big(8) != 0) throw JobError("the number of sector " + std::to_string(s) + " is too large");
    }
    const uint64_t number = reader.big(8);
    out.sectors.push_back({number, reader.field<Fr>(false)});
  }
  return out;
}

static void appendLittle(Bytes& out, uint64_t n) {
  for (int i = 0; i < 8; i++) out.push_back((uint8_t)(n >> (8 * i)));
}

uint64_t challengedLeaf(const Digest& randomness, uint64_t sector, uint64_t index, uint64_t leaves) {
  Bytes message(randomness.begin(), randomness.end());
  appendLittle(message, sector);
  appendLittle(message, index);
  const Digest digest = sha256(message);
  uint64_t n = 0;
  for (int i = 8; i-- > 0;) n = n << 8 | digest[i];
  return n % leaves;
}

VanillaProofs::VanillaProofs(const Shape& shape) : sectors(shape.sectors) {
  for (auto& sector : sectors) {
    sector.inclusions.resize(shape.challenges);
    for (auto& inclusion : sector.inclusions) inclusion.path.resize(shape.levels);
  }
}

VanillaProofs readVanillaProofs(const Bytes& file, const Shape& shape) {
  Reader reader("file vanilla", file);
  reader.expect(VANILLA_MAGIC);
  VanillaProofs out(shape);
  const auto element = [&] { return reader.field<Fr>(true); };
  for (auto& sector : out.sectors) {
    sector.commC = element();
    sector.commRLast = element();
    for (auto& inclusion : sector.inclusions) {
      inclusion.leaf = element();
      for (auto& siblings : inclusion.path) {
        for (Fr& sibling : siblings) sibling = element();
      }
    }
  }
  reader.finish();
  return out;
}

// The workload and the prover as one public number, so that a proof is worth nothing elsewhere: the upper 253 bits of a SHA-256.
static Fr contextOf(const Context& context) {
  Bytes message(CONTEXT_TAG, CONTEXT_TAG + std::strlen(CONTEXT_TAG));
  message.insert(message.end(), context.workload.begin(), context.workload.end());
  message.insert(message.end(), context.prover.end() - 20, context.prover.end());
  const Digest digest = sha256(message);
  Digest shifted;
  for (size_t i = 0; i < 32; i++) shifted[i] = (uint8_t)(digest[i] >> 3 | (i > 0 ? digest[i - 1] << 5 : 0));
  Fr out;
  Fr::read(shifted.data(), false, out);
  return out;
}

Circuit postCircuit(const Shape& shape, const PublicInputs& publics, const VanillaProofs& vanilla, const Context& context,
                    bool layoutOnly) {
  Circuit circuit;
  const Fr one = Fr::one();
  const uint32_t bound = circuit.allocate(contextOf(context));
  std::vector<uint32_t> commR;
  std::vector<std::vector<uint32_t>> challenge(shape.sectors);
  std::vector<std::vector<uint64_t>> leaf(shape.sectors);
  for (size_t s = 0; s < shape.sectors; s++) {
    commR.push_back(circuit.allocate(publics.sectors[s].commR));
    for (size_t c = 0; c < shape.challenges; c++) {
      const uint64_t index = s * shape.challenges + c;
      leaf[s].push_back(challengedLeaf(publics.randomness, publics.sectors[s].number, index, shape.leaves()));
      challenge[s].push_back(circuit.allocate(Fr::fromInteger(leaf[s][c])));
    }
  }
  circuit.publics = circuit.values.size() - 1;
  // Ties the context to the proof: a public signal that no constraint names might be exchanged.
  circuit.product({{bound, one}}, {{bound, one}});

  for (size_t s = 0; s < shape.sectors; s++) {
    const auto& sector = vanilla.sectors[s];
    const std::string where = "sector " + std::to_string(s);
    const std::array<uint32_t, 2> roots = {circuit.allocate(sector.commC), circuit.allocate(sector.commRLast)};
    const uint32_t commitment = circuit.hash(roots);
    circuit.require({{commitment, one}}, {{0, one}}, {{commR[s], one}});
    if (!layoutOnly && !(circuit.values[commitment] == publics.sectors[s].commR))
      throw JobError(where + ": comm_r is not the hash of comm_c and comm_r_last");

    for (size_t c = 0; c < shape.challenges; c++) {
      const auto& inclusion = sector.inclusions[c];
      uint32_t current = circuit.allocate(inclusion.leaf);
      Row packed;
      for (size_t level = 0; level < shape.levels; level++) {
        const size_t place = leaf[s][c] >> (3 * level) & 7;
        std::array<uint32_t, 3> bits;
        for (size_t i = 0; i < 3; i++) {
          bits[i] = circuit.allocate(Fr::fromInteger(place >> i & 1));
          circuit.requireBit(bits[i]);
          packed.push_back({bits[i], Fr::fromInteger(1ull << (3 * level + i))});
        }
        // All eight children are free, but the one at the challenged place is the node below.
        std::array<uint32_t, 8> children;
        for (size_t i = 0; i < 8; i++) {
          const auto& siblings = inclusion.path[level];
          children[i] = circuit.allocate(i == place ? circuit.values[current] : siblings[i < place ? i : i - 1]);
        }
        circuit.require(circuit.choose(children, bits), {{0, one}}, {{current, one}});
        current = circuit.hash(children);
      }
      circuit.require(packed, {{0, one}}, {{challenge[s][c], one}});
      circuit.require({{current, one}}, {{0, one}}, {{roots[1], one}});
      if (!layoutOnly && !(circuit.values[current] == sector.commRLast))
        throw JobError(where + ", challenge " + std::to_string(c) + ": the path from leaf " + std::to_string(leaf[s][c]) +
                       " does not lead to comm_r_last");
    }
  }
  return circuit;
}
