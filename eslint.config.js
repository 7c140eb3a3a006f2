import tseslint from 'typescript-eslint'

/**
 * What an import would reach. Dependencies point one way: contracts → sdk → explorer, programs, scripts.
 * @typedef {{ regex: string, message: string }} ImportPattern
 */

/** @type {(name: string) => ImportPattern} */
const folder = (name) => ({
  regex: `(^|/)\\.\\./(.*/)?${name}/`,
  message: `This part of the tree does not depend on ${name}/ (see docs/adr/0001-workspaces.md).`,
})
const gplPackages = {
  regex: '^(snarkjs|circom2|circomlib|circomlibjs|ffjavascript)(/|$)',
  message: 'GPL-3.0 packages are linked by programs/groth16-sudoku alone (see docs/adr/0001-workspaces.md).',
}
const hardhat = {
  regex: '^(hardhat|@nomicfoundation/.*)(/|$)',
  message: 'The SDK runs without the development tools.',
}
const timers = {
  regex: '^(node:)?timers(/|$)',
  message: 'Time is injected: take a Clock (only clock.ts files touch timers).',
}
/** @type {(...patterns: ImportPattern[]) => NonNullable<import('typescript-eslint').ConfigArray[number]['rules']>} */
const restrictImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] })

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/',
      '**/dist/',
      'artifacts/',
      '**/cache/',
      'coverage/',
      '.gevulot/',
      'sdk/src/*/generated/',
    ],
  },
  {
    files: ['**/*.{ts,tsx,js,mjs}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-constant-binary-expression': 'error',
      'no-console': 'error',
      'no-debugger': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unnecessary-condition': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-nullish-coalescing': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // An interface may ask for a promise from a method that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    // Plain JavaScript states its types in comments, which these rules do not read.
    files: ['**/*.mjs'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    // Aztec's packages are in a folder of their own: nothing is known of their types here.
    files: ['scripts/aztec/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Declarations of globals have no other way to say it.
    files: ['**/*.d.ts'],
    rules: { 'no-var': 'off', '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: ['sdk/src/**'],
    rules: {
      ...restrictImports(
        ...['contracts', 'explorer', 'programs', 'scripts', 'test', 'bench'].map(folder),
        gplPackages,
        hardhat,
        timers,
      ),
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: timers.message })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name="wait"][arguments.length=0]',
          message: 'Nobody hears the looks of a transaction’s own wait() fail: take untilMined.',
        },
      ],
    },
  },
  {
    files: ['sdk/src/**/clock.ts'],
    rules: {
      ...restrictImports(...['contracts', 'explorer', 'programs', 'scripts', 'test', 'bench'].map(folder)),
      'no-restricted-globals': 'off',
    },
  },
  {
    files: ['explorer/**'],
    rules: {
      ...restrictImports(
        ...['contracts', 'programs', 'scripts', 'test', 'bench'].map(folder),
        gplPackages,
        { regex: '^(node:|ethers$)', message: 'The page has a budget: take it from the SDK, where a browser can.' },
        {
          regex: '/sdk/src/(?!api/|chain/|audit/|errors/)',
          message: 'The page takes the API client and pure functions of the SDK.',
        },
      ),
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
    },
  },
  {
    // Loaded when somebody wants a wallet, so that it does not count for who only looks.
    files: ['explorer/src/wallet/walletActs.ts'],
    rules: {
      ...restrictImports(
        ...['contracts', 'programs', 'scripts', 'test', 'bench'].map(folder),
        gplPackages,
        { regex: '^(node:|ethers$)', message: 'The page has a budget: take it from the SDK, where a browser can.' },
        { regex: '/sdk/src/(?!browser/)', message: 'A wallet needs what the SDK has for pages.' },
      ),
    },
  },
  {
    files: ['programs/**'],
    rules: restrictImports(...['contracts', 'explorer', 'scripts', 'test', 'bench'].map(folder)),
  },
  {
    files: ['programs/**'],
    ignores: ['programs/groth16-sudoku/**'],
    rules: restrictImports(...['contracts', 'explorer', 'scripts', 'test', 'bench'].map(folder), gplPackages),
  },
  {
    files: ['scripts/**'],
    ignores: ['scripts/demo/**', 'scripts/aztec/demo/**'],
    rules: restrictImports(...['explorer', 'programs', 'test'].map(folder), gplPackages),
  },
  {
    // The demonstrations show the example programs at work.
    files: ['scripts/demo/**', 'scripts/aztec/demo/**'],
    rules: restrictImports(...['explorer', 'test'].map(folder), gplPackages),
  },
  {
    // These talk to a person at a terminal.
    files: ['scripts/**', 'programs/**', 'bench/**', 'test/**', 'sdk/src/cli/**', 'sdk/src/worker/main.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      // `expect(x).to.be.true` is an expression, and a missing array element fails the test anyway.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
)
