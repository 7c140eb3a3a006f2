// The prover program. Without arguments it is a guest: it reads /in and /app, writes /out/proof and last /out/result.json
// (docs/program-contract.md). With arguments it is the tool that makes parameters and keys when a package is built:
//
//   prover setup SECTORS CHALLENGES LEVELS OUT     parameters from secrets; standard input, hexadecimal: tau, alpha, beta, gamma, delta,
//                                                  the generators of G1 and G2. Prints the verifying key
//   prover circuit SECTORS CHALLENGES LEVELS OUT   the circuit, a `.r1cs`
//   prover witness SECTORS CHALLENGES LEVELS OUT   its witness, a `.wtns`, for the files public_inputs and vanilla; standard input,
//                                                  hexadecimal: workload and prover
//   prover hash                                    prints the Poseidon digest of the elements on standard input

#include <algorithm>
#include <iostream>

#include "../../support/guest/job.h"
#include "groth16.h"
#include "iden3.h"
#include "poseidon.h"

static Bytes runProver(const Context& context) {
  const Bytes publicBytes = readFile("/in/public_inputs"), vanillaBytes = readFile("/in/vanilla");
  const Parameters parameters = readParameters(readFile("/app/parameters"));
  const Shape& shape = parameters.shape;
  const Circuit circuit =
      postCircuit(shape, readPublicInputs(publicBytes, shape), readVanillaProofs(vanillaBytes, shape), context);
  const size_t violated = circuit.firstViolated();
  if (violated < circuit.constraints.size())
    throw JobError("the witness does not satisfy constraint " + std::to_string(violated));
  return prove(circuit, parameters);
}

static Fr readElement(const char* what) {
  std::string text;
  std::cin >> text;
  Fr out;
  if (!Fr::read(fromHex(text, Fr::size, what).data(), false, out)) throw JobError(std::string(what) + " is too large");
  return out;
}

template <class P>
static P readGenerator(size_t size) {
  std::string text;
  std::cin >> text;
  const Bytes bytes = fromHex(text, size, "the generator");
  Reader reader("generator", bytes);
  return readPoint<P>(reader);
}

static Shape shapeOf(const std::vector<std::string>& args) {
  Shape shape;
  uint32_t* const parts[] = {&shape.sectors, &shape.challenges, &shape.levels};
  for (size_t i = 0; i < 3; i++) {
    const unsigned long n = std::stoul(args[i + 1]);
    if (n < 1 || n > 255) throw JobError("sectors, challenges and levels are between 1 and 255");
    *parts[i] = (uint32_t)n;
  }
  if (shape.levels > 10) throw JobError("at most 10 levels: sectors of 32 GiB");
  return shape;
}

static Circuit layout(const Shape& shape) {
  PublicInputs publics;
  publics.sectors.resize(shape.sectors);
  return postCircuit(shape, publics, VanillaProofs(shape), {}, true);
}

static int runSetup(const std::vector<std::string>& args) {
  Secrets secrets;
  for (Fr* secret : {&secrets.tau, &secrets.alpha, &secrets.beta, &secrets.gamma, &secrets.delta})
    *secret = readElement("a secret");
  const G1 g1 = readGenerator<G1>(96);
  const G2 g2 = readGenerator<G2>(192);
  const Shape shape = shapeOf(args);
  Bytes key;
  writeFile(args[4], writeParameters(setUp(layout(shape), shape, secrets, g1, g2, key)));
  std::cout << hex(key.data(), key.size()) << '\n';
  return 0;
}

static int runCircuit(const std::vector<std::string>& args) {
  writeFile(args[4], writeR1cs(layout(shapeOf(args))));
  return 0;
}

static int runWitness(const std::vector<std::string>& args) {
  const Shape shape = shapeOf(args);
  std::string workload, prover;
  std::cin >> workload >> prover;
  Context context{};
  const Bytes first = fromHex(workload, 32, "the workload"), second = fromHex(prover, 20, "the prover");
  std::copy(first.begin(), first.end(), context.workload.begin());
  std::copy(second.begin(), second.end(), context.prover.begin() + 12);
  const Bytes publics = readFile("public_inputs"), vanilla = readFile("vanilla");
  const Circuit circuit = postCircuit(shape, readPublicInputs(publics, shape), readVanillaProofs(vanilla, shape), context);
  writeFile(args[4], writeWitness(circuit));
  return 0;
}

static int runHash() {
  std::vector<Fr> preimage;
  while (!(std::cin >> std::ws).eof()) preimage.push_back(readElement("an element"));
  if (preimage.size() != 2 && preimage.size() != 8) throw JobError("a digest is of 2 or 8 elements");
  Bytes digest;
  poseidon(preimage).write(digest);
  std::cout << hex(digest.data(), digest.size()) << '\n';
  return 0;
}

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.empty()) return runJob(runProver);
    if (args[0] == "setup" && args.size() == 5) return runSetup(args);
    if (args[0] == "circuit" && args.size() == 5) return runCircuit(args);
    if (args[0] == "witness" && args.size() == 5) return runWitness(args);
    if (args[0] == "hash" && args.size() == 1) return runHash();
    std::cerr << "usage: prover | prover setup|circuit|witness SECTORS CHALLENGES LEVELS OUT | prover hash\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
