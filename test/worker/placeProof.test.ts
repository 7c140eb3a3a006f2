import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { digestOf, DirectoryStore, KuboStore, type ContentStore } from '../../sdk/src/content/index.js'
import { placeProof } from '../../sdk/src/worker/coordinate/placeProof.js'
import { IpfsNode } from '../support/stores/IpfsNode.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const PROOF = Buffer.alloc(4_096, 7)
const DIGEST = digestOf(PROOF)

describe('worker: a proof for a committee', () => {
  const directory = useTemporaryDirectory()
  let path: string
  beforeEach(async () => {
    path = join(directory(), 'proof')
    await writeFile(path, PROOF)
  })

  it('goes into every store, and one says where others read it', async () => {
    const node = await IpfsNode.start()
    try {
      const own = new DirectoryStore(join(directory(), 'own'))
      const { uri, failures } = await placeProof([own, new KuboStore(node.url)], { path, digest: DIGEST }, '')
      expect(uri).to.match(/^ipfs:\/\/b[a-z2-7]{58}$/)
      expect(failures).to.deep.equal([])
      expect(await own.has(DIGEST)).to.equal(true)
    } finally {
      node.stop()
    }
  })

  // Validators look where the chain says: a place that nobody learns of is as bad as none, and the prover is not paid.
  it('a store that cannot take it, and one that cannot say where it is, are told of', async () => {
    await writeFile(join(directory(), 'file'), '')
    const full = new DirectoryStore(join(directory(), 'file'))
    const gone = new Error('the node is gone')
    const silent: ContentStore = Object.assign(new DirectoryStore(join(directory(), 'silent')), {
      uriOf: () => Promise.reject(gone),
    })
    const placed = await placeProof([full, silent], { path, digest: DIGEST }, '')
    expect(placed.uri).to.equal('')
    expect(placed.failures).to.have.length(2).and.include(gone)
    expect(await silent.has(DIGEST)).to.equal(true)
    // Where the operator says it, nobody is asked.
    const told = await placeProof([silent], { path, digest: DIGEST }, 'https://proofs.example.org/')
    expect(told).to.deep.equal({ uri: 'https://proofs.example.org/', failures: [] })
  })
})
