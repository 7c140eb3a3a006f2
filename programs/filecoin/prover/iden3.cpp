#include "iden3.h"

#include <cstring>

namespace {

void number(Bytes& out, uint64_t n, int bytes) {
  for (int i = 0; i < bytes; i++) out.push_back((uint8_t)(n >> (8 * i)));
}

void element(Bytes& out, const Limbs<4>& n) {
  for (const uint64_t limb : n) number(out, limb, 8);
}

// Magic, version, and sections 1, 2, ...
Bytes container(const char* magic, uint64_t version, const std::vector<Bytes>& sections) {
  Bytes out(magic, magic + std::strlen(magic));
  number(out, version, 4);
  number(out, sections.size(), 4);
  for (size_t i = 0; i < sections.size(); i++) {
    number(out, i + 1, 4);
    number(out, sections[i].size(), 8);
    out.insert(out.end(), sections[i].begin(), sections[i].end());
  }
  return out;
}

}  // namespace

Bytes writeR1cs(const Circuit& circuit) {
  const uint64_t signals = circuit.values.size();
  Bytes header, rows, labels;
  number(header, Fr::size, 4);
  element(header, Fr::modulus);
  number(header, signals, 4);
  number(header, 0, 4);  // public outputs
  number(header, circuit.publics, 4);
  number(header, signals - circuit.publics - 1, 4);
  number(header, signals, 8);
  number(header, circuit.constraints.size(), 4);
  for (const Constraint& constraint : circuit.constraints) {
    for (const Row& row : constraint) {
      number(rows, row.size(), 4);
      for (const Term& term : row) {
        number(rows, term.signal, 4);
        element(rows, term.coefficient.number());
      }
    }
  }
  for (uint64_t i = 0; i < signals; i++) number(labels, i, 8);
  return container("r1cs", 1, {header, rows, labels});
}

Bytes writeWitness(const Circuit& circuit) {
  Bytes header, values;
  number(header, Fr::size, 4);
  element(header, Fr::modulus);
  number(header, circuit.values.size(), 4);
  for (const Fr& value : circuit.values) element(values, value.number());
  return container("wtns", 2, {header, values});
}
