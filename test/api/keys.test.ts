import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { ApiKeys } from '../../sdk/src/api/server/ApiKeys.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LIMITS = { requestsPerDay: 1, spendPerDay: '1', uploadPerDay: 1 }

describe('api: the files of keys', () => {
  const directory = useTemporaryDirectory()

  it('none were made yet: there are none', async () => {
    const keys = new ApiKeys(join(directory(), 'keys'))
    expect(await keys.list()).to.deep.equal([])
    const { id } = await keys.add('first', LIMITS, 1)
    expect((await keys.list()).map((key) => key.id)).to.deep.equal([id])
  })

  // Whoever revokes all keys must not take an empty list for the answer.
  it('a directory that cannot be read is no empty one', async () => {
    await writeFile(join(directory(), 'file'), '')
    const failure = await new ApiKeys(join(directory(), 'file')).list().catch((error: unknown) => error)
    expect(failure).to.include({ code: 'ENOTDIR' })
  })
})
