// The statement of circuit/sudoku.circom: from the packed grid to a solution and the value of every signal.
#pragma once

#include <array>
#include <optional>

#include "../../support/guest/bn254.h"

using Grid = std::array<uint8_t, 81>;  // row by row; 0 is an empty cell

// The grid of two 32-byte words, or nothing if they are none.
std::optional<Grid> unpackGrid(const Bytes& publicInputs);

// The first solution found, if there is one. Always tries the cell with the fewest candidates.
std::optional<Grid> solve(const Grid& puzzle);

// The value of every signal, in the order in which the circuit declares them (circom keeps it without --O2).
std::vector<Fr> witnessOf(const std::vector<Fr>& publicInputs, const Grid& puzzle, const Grid& solution);
