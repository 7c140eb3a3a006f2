// Hardhat takes a reporter by its path alone, and mocha loads that by `require`.
const { relative } = require('node:path')

const Mocha = require('mocha')

const { tellFailed } = require('./failedFiles.mjs')
const { root } = require('./setup.mjs')

/** Mocha's own report, and behind it the files of what failed, which `npm test` repeats. */
module.exports = class FileReporter extends Mocha.reporters.Spec {
  /** @override */
  epilogue() {
    super.epilogue()
    // A hook that fails has a file too.
    for (const { file } of this.failures) if (file !== undefined) console.log(tellFailed(relative(root, file)))
  }
}
