#include "sudoku.h"

#include <bit>

static constexpr int CELLS = 81, FIRST_WORD_CELLS = 41;

std::optional<Grid> unpackGrid(const Bytes& publicInputs) {
  if (publicInputs.size() != 64) return {};
  // Four bits a cell, from the end of each word; what the cells leave over must be zero.
  Grid grid{};
  for (int nibble = 0; nibble < 128; nibble++) {
    const int word = nibble / 64, place = nibble % 64;
    const uint8_t value = publicInputs[32 * word + 31 - place / 2] >> (4 * (place % 2)) & 15;
    const int cell = word * FIRST_WORD_CELLS + place;
    if (place >= (word == 0 ? FIRST_WORD_CELLS : CELLS - FIRST_WORD_CELLS)) {
      if (value != 0) return {};
    } else if (value > 9) {
      return {};
    } else {
      grid[cell] = value;
    }
  }
  return grid;
}

namespace {

// The units of a cell: its row, its column and its box.
std::array<int, 3> units(int cell) { return {cell / 9, 9 + cell % 9, 18 + cell / 27 * 3 + cell % 9 / 3}; }

class Search {
 public:
  Grid grid{};

  bool set(int cell, int number) {
    const int bit = 1 << (number - 1);
    if (!(candidates(cell) & bit)) return false;
    grid[cell] = (uint8_t)number;
    for (const int unit : units(cell)) used[unit] |= bit;
    return true;
  }
  bool finish() {
    int best = -1, fewest = 10;
    for (int cell = 0; cell < CELLS; cell++) {
      const int count = std::popcount((unsigned)candidates(cell));
      if (grid[cell] == 0 && count < fewest) {
        best = cell;
        fewest = count;
      }
    }
    if (best < 0) return true;
    for (int number = 1; number <= 9; number++) {
      if (!set(best, number)) continue;
      if (finish()) return true;
      clear(best, number);
    }
    return false;
  }

 private:
  std::array<int, 27> used{};

  int candidates(int cell) const {
    int taken = 0;
    for (const int unit : units(cell)) taken |= used[unit];
    return 0x1ff & ~taken;
  }
  void clear(int cell, int number) {
    grid[cell] = 0;
    for (const int unit : units(cell)) used[unit] &= ~(1 << (number - 1));
  }
};

}  // namespace

std::optional<Grid> solve(const Grid& puzzle) {
  Search search;
  for (int cell = 0; cell < CELLS; cell++) {
    if (puzzle[cell] != 0 && !search.set(cell, puzzle[cell])) return {};
  }
  if (!search.finish()) return {};
  return search.grid;
}

std::vector<Fr> witnessOf(const std::vector<Fr>& publicInputs, const Grid& puzzle, const Grid& solution) {
  std::vector<Fr> witness = {Fr::one()};
  witness.insert(witness.end(), publicInputs.begin(), publicInputs.end());
  for (const uint8_t clue : puzzle) witness.push_back(Fr::fromInteger(clue));
  for (const uint8_t number : solution) witness.push_back(Fr::fromInteger(number));
  for (const uint8_t number : solution) {
    Fr product = Fr::fromInteger(number) - Fr::one();
    for (int k = 2; k <= 8; k++) {
      product *= Fr::fromInteger(number) - Fr::fromInteger((uint64_t)k);
      witness.push_back(product);
    }
  }
  std::vector<Fr> inverses;
  for (int b = 0; b < CELLS; b++) {
    for (int a = 0; a < b; a++) {
      const auto ua = units(a), ub = units(b);
      if (ua[0] != ub[0] && ua[1] != ub[1] && ua[2] != ub[2]) continue;
      inverses.push_back(Fr::fromInteger(solution[b]) - Fr::fromInteger(solution[a]));
    }
  }
  invertAll(inverses);
  witness.insert(witness.end(), inverses.begin(), inverses.end());
  return witness;
}
