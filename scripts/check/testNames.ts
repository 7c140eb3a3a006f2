import { read, sourceFiles } from '../lib/files.js'

/** A test file that the runner would not find is a test that never runs. */
export function testNames(): string[] {
  const typescript = sourceFiles('test/**/*.ts')
    .filter((path) => !path.endsWith('.test.ts') && /^\s*(describe|it)\(/m.test(read(path)))
    .map((path) => `${path} holds tests, so its name must end in .test.ts`)
  const ungrouped = sourceFiles('test/*.test.ts').map(
    (path) => `${path} must be in a folder of test/, a group of tests`,
  )
  const solidity = sourceFiles('test/**/*.sol')
    .filter((path) => !path.endsWith('.t.sol') && /^\s*function (test|invariant)\w*\(/m.test(read(path)))
    .map((path) => `${path} holds tests, so its name must end in .t.sol`)
  return [...typescript, ...ungrouped, ...solidity]
}
