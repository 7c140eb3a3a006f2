// Four hash chains, spread over threads: the job of ../chains.ts in C++. What every guest in C++ needs is in support/guest.
#include <iostream>

#include "../../support/guest/job.h"
#include "../../support/guest/parallel.h"

static constexpr size_t LANES = 4, WORD = 32;

static Bytes prove(const Context&) {
  const Bytes input = readFile("/in/public_inputs");
  if (input.size() != 2 * WORD) throw JobError("public_inputs is not two words of 32 bytes");
  uint64_t steps = 0;
  for (size_t i = WORD; i < 2 * WORD && steps >> 32 == 0; i++) steps = steps << 8 | input[i];
  if (steps == 0 || steps >> 32 != 0) throw JobError("the number of steps is not 1 to 2^32 - 1");
  Bytes proof(LANES * WORD);
  parallel(LANES, [&](size_t lane) {
    Bytes at(input.begin(), input.begin() + WORD);
    at.push_back((uint8_t)lane);
    for (uint64_t step = 0; step < steps; step++) {
      const Digest digest = sha256(at);
      at.assign(digest.begin(), digest.end());
    }
    std::copy(at.begin(), at.end(), proof.begin() + (long)(lane * WORD));
  });
  std::cout << "C++: " << LANES << " lanes, " << std::max(1u, std::thread::hardware_concurrency()) << " threads" << std::endl;
  return proof;
}

int main() { return runJob(prove); }
