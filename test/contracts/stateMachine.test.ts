import { expect } from 'chai'
import { readFileSync } from 'node:fs'

import { stateMachinePage, stateMachinePath } from '../../scripts/lib/stateMachine.js'

describe('docs/state-machine.md', () => {
  it('is what the test of all states says (else run `npm run gen`)', () => {
    expect(readFileSync(stateMachinePath, 'utf8')).to.equal(stateMachinePage())
  })
})
