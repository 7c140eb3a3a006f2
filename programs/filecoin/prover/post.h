// Filecoin's FallbackPoSt, the statement of Window and Winning PoSt: for every sector comm_r = H(comm_c, comm_r_last), and for every
// challenge the prover knows the challenged leaf of the 8-ary tree with root comm_r_last.
#pragma once

#include "../../support/guest/job.h"
#include "circuit.h"

struct Shape {
  uint32_t sectors, challenges, levels;
  uint64_t leaves() const { return 1ull << (3 * levels); }
  bool operator==(const Shape&) const = default;
};

// What everybody knows: /in/public_inputs, 32-byte words: the randomness, then the number and comm_r of every sector.
struct PublicInputs {
  Digest randomness{};
  struct Sector {
    uint64_t number = 0;
    Fr commR;
  };
  std::vector<Sector> sectors;
};
PublicInputs readPublicInputs(const Bytes& file, const Shape& shape);

// The leaf that a challenge of a sector names. `index` counts through all sectors (Filecoin's API 1.0 and 1.1).
uint64_t challengedLeaf(const Digest& randomness, uint64_t sector, uint64_t index, uint64_t leaves);

// What only the owner of the sectors knows: /in/vanilla, Filecoin's "vanilla proofs".
struct VanillaProofs {
  struct Inclusion {
    Fr leaf;
    std::vector<std::array<Fr, 7>> path;  // the siblings, from the leaves up
  };
  struct Sector {
    Fr commC, commRLast;
    std::vector<Inclusion> inclusions;
  };
  std::vector<Sector> sectors;

  // All zeros: enough to lay out a circuit.
  explicit VanillaProofs(const Shape& shape);
};
VanillaProofs readVanillaProofs(const Bytes& file, const Shape& shape);

// The circuit of the statement for one workload and prover. Public signals: the context, then for every sector comm_r and its challenges.
// Throws JobError, in words, where the vanilla proofs do not prove the statement, unless `layoutOnly`.
Circuit postCircuit(const Shape& shape, const PublicInputs& publics, const VanillaProofs& vanilla, const Context& context,
                    bool layoutOnly = false);
