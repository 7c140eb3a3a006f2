// The prover program. Without arguments it is a guest: it reads /in and /app, writes /out/proof and last /out/result.json
// (docs/program-contract.md). With arguments it is the tool that makes parameters and keys when a package is built:
//
//   prover setup CIRCUIT DEGREE OUT   a reference string from a secret; standard input: the secret and [secret]2, hexadecimal
//   prover index CIRCUIT PARAMETERS   prints the verifying key, hexadecimal

#include <cstdio>
#include <iostream>

#include "../../support/guest/job.h"
#include "marlin.h"
#include "sudoku.h"

static std::vector<Fr> readPublicInputs(const Bytes& bytes, size_t count) {
  if (bytes.size() != 32 * count) throw JobError("public_inputs has the wrong length");
  std::vector<Fr> out(count);
  for (size_t i = 0; i < count; i++) {
    if (!Fr::read(&bytes[32 * i], false, out[i])) throw JobError("a public input is not a field element");
  }
  return out;
}

// The witness that the requester sent, or the one of a solution that the prover finds.
static std::vector<Fr> makeWitness(const R1cs& circuit, const Bytes& publicBytes, const std::vector<Fr>& publicInputs) {
  if (exists("/in/witness.wtns")) {
    std::vector<Fr> witness = readWitness(readFile("/in/witness.wtns"));
    if (witness.size() != circuit.signals) throw JobError("the witness belongs to another circuit");
    if (!(witness[0] == Fr::one()) || !std::equal(publicInputs.begin(), publicInputs.end(), witness.begin() + 1))
      throw JobError("the witness is for other public inputs");
    return witness;
  }
  const auto puzzle = unpackGrid(publicBytes);
  if (!puzzle) throw JobError("public_inputs is not a packed sudoku");
  const auto solution = solve(*puzzle);
  if (!solution) throw JobError("the sudoku has no solution");
  std::vector<Fr> witness = witnessOf(publicInputs, *puzzle, *solution);
  if (witness.size() != circuit.signals) throw JobError("the package's circuit is another one");
  return witness;
}

static Bytes runProver(const Context& context) {
  const Bytes publicBytes = readFile("/in/public_inputs");
  const R1cs circuit = readR1cs(readFile("/app/circuit.r1cs"));
  const std::vector<Fr> publicInputs = readPublicInputs(publicBytes, circuit.publics);
  const std::vector<Fr> witness = makeWitness(circuit, publicBytes, publicInputs);
  const size_t violated = violatedConstraint(circuit, witness);
  if (violated < circuit.constraints.size())
    throw JobError("the witness does not satisfy constraint " + std::to_string(violated));

  const Parameters parameters = readParameters(readFile("/app/parameters"));
  const Bytes key = readFile("/app/key");
  const Index index(circuit);
  if (parameters.low.size() < index.shape.low || parameters.high.size() < index.shape.high)
    throw JobError("the reference string is too short for the circuit");
  return prove(circuit, index, parameters, key, context, witness);
}

static int runSetup(const std::string& circuit, const std::string& degree, const std::string& out) {
  std::string secretText, g2Text;
  std::cin >> secretText >> g2Text;
  Fr secret;
  if (!Fr::read(fromHex(secretText, 32, "the secret").data(), false, secret)) throw JobError("the secret is too large");
  const Shape shape = Index(readR1cs(readFile(circuit))).shape;
  Parameters parameters;
  parameters.degree = std::stoull(degree);
  if (parameters.degree + 1 < std::max(shape.low, shape.high)) throw JobError("the degree is too low for the circuit");
  parameters.secretInG2 = fromHex(g2Text, 128, "[secret]2");
  const auto powers = [&](uint64_t first, size_t count) {
    std::vector<Fr> out;
    Fr power = secret.power(first);
    for (size_t i = 0; i < count; i++, power *= secret) out.push_back(power);
    return multiplesOf(Affine{Fq::one(), Fq::fromInteger(2)}, out);
  };
  parameters.low = powers(0, shape.low);
  parameters.high = powers(parameters.degree + 1 - shape.high, shape.high);
  writeFile(out, writeParameters(parameters));
  return 0;
}

static int runIndex(const std::string& circuit, const std::string& parameters) {
  const Bytes key = verifyingKey(Index(readR1cs(readFile(circuit))), readParameters(readFile(parameters)));
  std::cout << hex(key.data(), key.size()) << '\n';
  return 0;
}

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.empty()) return runJob(runProver);
    if (args[0] == "setup" && args.size() == 4) return runSetup(args[1], args[2], args[3]);
    if (args[0] == "index" && args.size() == 3) return runIndex(args[1], args[2]);
    std::cerr << "usage: prover | prover setup CIRCUIT DEGREE OUT | prover index CIRCUIT PARAMETERS\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
