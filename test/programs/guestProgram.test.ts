import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { GuestProgram } from '../../programs/support/guestProgram.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('programs: a prover in C++', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()

  it('that ends before it has read its input says how it ended, and ends nobody else', async () => {
    await writeFile(join(directory(), 'main.cpp'), 'int main() { return 3; }\n')
    const program = new GuestProgram(directory())
    // More than a pipe holds.
    const failure = await program.run([], {}, ' '.repeat(1 << 22)).catch((error: unknown) => error)
    expect(failure).to.include({ code: 3 })
  })
})
