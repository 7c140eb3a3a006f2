pragma circom 2.1.6;

// Knowledge of a solution of a public sudoku.
//
// Public:  packed[0] holds cells 0..40, packed[1] cells 41..80 (row by row), four bits a cell, cell 0 (and 41) lowest; 0 is an empty cell.
// Private: clue[i][j]      the same grid, one signal a cell
//          digit[i][j][k]  1 if the solution has k+1 in row i, column j, else 0
//
// Why this is sound, step by step:
//  - every digit[..] is a bit, and the nine bits of a cell sum to one: at most nine ones cannot wrap around the field,
//    so exactly one is set and the cell holds exactly one number from 1 to 9;
//  - for every row, column and box and every number, the nine bits sum to one: each number occurs exactly once;
//  - clue * (clue - value) = 0: a clue is 0 or the solution's number, hence at most 9, hence four bits;
//  - so the packing has 164 and 160 bits, cannot wrap around the field, and is injective: the public words fix every clue.
template Sudoku() {
    signal input packed[2];
    signal input clue[9][9];
    signal input digit[9][9][9];

    var word[2] = [0, 0];
    for (var i = 0; i < 9; i++) {
        for (var j = 0; j < 9; j++) {
            var value = 0;
            var ones = 0;
            for (var k = 0; k < 9; k++) {
                digit[i][j][k] * (digit[i][j][k] - 1) === 0;
                value += (k + 1) * digit[i][j][k];
                ones += digit[i][j][k];
            }
            ones === 1;
            clue[i][j] * (clue[i][j] - value) === 0;

            var cell = 9 * i + j;
            var half = cell < 41 ? 0 : 1;
            word[half] += clue[i][j] * 16 ** (cell - 41 * half);
        }
    }
    packed[0] === word[0];
    packed[1] === word[1];

    for (var k = 0; k < 9; k++) {
        for (var i = 0; i < 9; i++) {
            var row = 0;
            var column = 0;
            var box = 0;
            for (var j = 0; j < 9; j++) {
                row += digit[i][j][k];
                column += digit[j][i][k];
                box += digit[3 * (i \ 3) + j \ 3][3 * (i % 3) + j % 3][k];
            }
            row === 1;
            column === 1;
            box === 1;
        }
    }
}

component main {public [packed]} = Sudoku();
