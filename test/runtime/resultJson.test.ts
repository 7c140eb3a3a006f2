import { expect } from 'chai'
import fc from 'fast-check'
import { ShapeError } from '../../sdk/src/content/shape.js'
import { parseResultJson } from '../../sdk/src/runtime/ResultJson.js'

const good = {
  schema: 'gevulot/result@1',
  nonce: 'abcdef01',
  status: 'ok',
  error: '',
  files: [{ name: 'proof', size: 1, sha256: 'ab'.repeat(32) }],
}

describe('runtime: result.json', () => {
  it('reads a good one, with or without what may be left out', () => {
    const { schema, ...rest } = good
    expect(parseResultJson(Buffer.from(JSON.stringify(good)))).to.deep.equal(rest)
    const { nonce } = good
    expect(parseResultJson(Buffer.from(JSON.stringify({ schema, nonce, status: 'valid', more: 1 })))).to.deep.equal({
      nonce,
      status: 'valid',
      error: '',
      files: [],
    })
  })

  it('cuts a long error text', () => {
    expect(parseResultJson(Buffer.from(JSON.stringify({ ...good, error: 'x'.repeat(60_000) }))).error).to.have.length(
      4096,
    )
  })

  it('answers anything with a result or a ShapeError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(good)), fc.json(), (key, json) => {
        try {
          parseResultJson(Buffer.from(JSON.stringify({ ...good, [key]: JSON.parse(json) as unknown })))
        } catch (error) {
          expect(error).to.be.instanceOf(ShapeError)
        }
      }),
    )
    for (const bytes of [
      Buffer.from('['.repeat(60_000)),
      Buffer.from(`{"files":${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
      Uint8Array.of(0xff),
    ]) {
      expect(() => parseResultJson(bytes)).to.throw(ShapeError)
    }
  })

  it('refuses odd names', () => {
    for (const name of ['../proof', '/proof', '.', '..', '', 'a/b', 'a\0b', 'proof\n', '-rf', 'x'.repeat(129)]) {
      const files = [{ ...good.files[0], name }]
      expect(() => parseResultJson(Buffer.from(JSON.stringify({ ...good, files }))), JSON.stringify(name)).to.throw(
        ShapeError,
      )
    }
    const twice = { ...good, files: [good.files[0], good.files[0]] }
    expect(() => parseResultJson(Buffer.from(JSON.stringify(twice)))).to.throw(ShapeError)
  })
})
