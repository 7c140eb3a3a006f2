pragma circom 2.1.6;

// Knowledge of a solution of a public sudoku, with the solution as 81 numbers that differ pairwise.
//
// Public:  packed[0] holds cells 0..40, packed[1] cells 41..80 (row by row), four bits a cell, cell 0 (and 41) lowest; 0 is an empty cell.
// Private: unsolved[c]    the same grid, one signal a cell
//          solved[c]      the number of cell c in the solution
//          product[c][k]  (solved[c] - 1) (solved[c] - 2) .. (solved[c] - k - 2)
//          inverse[p]     1 / (difference of the p-th pair of cells that share a row, a column or a box)
//
// Why this is sound, step by step:
//  - (s - 1) (s - 2) .. (s - 9) = 0 in a field: every cell of the solution holds one of the numbers 1 to 9;
//  - difference * inverse = 1: the two cells of every pair differ, so each of the 27 units holds nine different numbers from 1 to 9;
//  - unsolved * (unsolved - solved) = 0: a clue is 0 or the solution's number, hence at most 9, hence four bits;
//  - so the packing has 164 and 160 bits, cannot wrap around the field, and is injective: the public words fix every clue.
template Sudoku() {
    signal input packed[2];
    signal input unsolved[81];
    signal input solved[81];
    signal input product[81][7];
    signal input inverse[810];

    var word[2] = [0, 0];
    for (var c = 0; c < 81; c++) {
        product[c][0] === (solved[c] - 1) * (solved[c] - 2);
        for (var k = 1; k < 7; k++) product[c][k] === product[c][k - 1] * (solved[c] - k - 2);
        product[c][6] * (solved[c] - 9) === 0;
        unsolved[c] * (unsolved[c] - solved[c]) === 0;

        var half = c < 41 ? 0 : 1;
        word[half] += unsolved[c] * 16 ** (c - 41 * half);
    }
    packed[0] === word[0];
    packed[1] === word[1];

    var p = 0;
    for (var b = 0; b < 81; b++) {
        for (var a = 0; a < b; a++) {
            var row = a \ 9 == b \ 9;
            var column = a % 9 == b % 9;
            var box = a \ 27 == b \ 27 && a % 9 \ 3 == b % 9 \ 3;
            if (row || column || box) {
                (solved[b] - solved[a]) * inverse[p] === 1;
                p++;
            }
        }
    }
    assert(p == 810);
}

component main {public [packed]} = Sudoku();
