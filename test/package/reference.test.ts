import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { writeReference } from '../../scripts/lib/reference.js'
import { libraries } from '../../scripts/lib/sdkEntries.js'

// Fails at a comment that links to nothing, or describes a parameter that is not there.
describe('package: reference', function () {
  this.timeout(300_000)
  let out: string

  before(async () => {
    out = await mkdtemp(join(tmpdir(), 'gevulot-reference-'))
  })
  after(() => rm(out, { recursive: true, force: true }))

  it('is made of the comments, with a page for every part that is imported', async () => {
    await writeReference(out)
    for (const { subpath } of libraries()) {
      const name = subpath === '.' ? 'index' : subpath.slice(2)
      expect(await readFile(join(out, 'modules', `${name}.html`), 'utf8'), subpath).to.include('<h1>')
    }
    const page = await readFile(join(out, 'functions/client.createClient.html'), 'utf8')
    expect(page).to.include('ClientOptions')
    expect(page).not.to.match(/<(?:script|link|img)[^>]+(?:src|href)="https?:/)
  })
})
