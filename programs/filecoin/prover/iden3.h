// iden3's binary files, for tools that know nothing of this prover: a ceremony for the circuit, or another prover.
#pragma once

#include "circuit.h"

// A `.r1cs` of version 1.
Bytes writeR1cs(const Circuit& circuit);

// A `.wtns` of version 2: the value of every signal.
Bytes writeWitness(const Circuit& circuit);
