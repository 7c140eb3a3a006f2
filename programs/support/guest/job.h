// A prover as a guest (docs/program-contract.md): reads /in/job.json, writes /out/proof and last /out/result.json.
#pragma once

#include <functional>

#include "files.h"
#include "hash.h"

// Whom a proof is for. Numbers shorter than a word stand at its low end.
struct Context {
  Digest workload, prover;
};

// Runs `prove` and writes what it returns as the proof; whatever it throws becomes the error in the result.
int runJob(const std::function<Bytes(const Context&)>& prove);

// Exactly `size` bytes in hexadecimal. `what` names them in errors.
Bytes fromHex(const std::string& text, size_t size, const char* what);
