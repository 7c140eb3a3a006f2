import { expect } from 'chai'
import fc from 'fast-check'
import { canonicalJson } from '../../sdk/src/content/canonicalJson.js'
import { cidOf, digestOf, isDigest, parseDigest } from '../../sdk/src/content/digest.js'
import { isPublicAddress } from '../../sdk/src/content/addressPolicy.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'

describe('content: digests', () => {
  it('knows the sha-256 and the CID of the empty content', () => {
    const digest = digestOf('')
    expect(digest).to.equal('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(cidOf(digest)).to.equal('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  })

  it('reads back every digest from both text forms', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const digest = digestOf(bytes)
        expect(isDigest(digest)).to.equal(true)
        expect(parseDigest(cidOf(digest))).to.equal(digest)
        expect(parseDigest(digest.toUpperCase().replace('0X', '0x'))).to.equal(digest)
      }),
    )
  })

  it('refuses other CIDs, lengths and alphabets', () => {
    const cid = cidOf(digestOf('x'))
    const bad = [
      '',
      '0x',
      'b',
      '0x12',
      `0x${'g'.repeat(64)}`,
      cid.slice(0, -1),
      `${cid}a`,
      cid.replace('bafkrei', 'bafybei'),
      'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
    ]
    for (const text of bad) expect(() => parseDigest(text), text).to.throw(GevulotError, /not a/)
  })
})

describe('content: canonical JSON', () => {
  it('sorts keys, drops undefined and white space', () => {
    expect(canonicalJson({ b: [1, 'ä', null], a: { d: true, c: undefined } })).to.equal(
      '{"a":{"d":true},"b":[1,"ä",null]}',
    )
  })

  it('gives equal bytes to equal values whatever the order of keys', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ unit: 'grapheme' }),
          fc.oneof(fc.maxSafeInteger(), fc.boolean(), fc.string({ unit: 'grapheme' })),
        ),
        (value) => {
          const reversed = Object.fromEntries(Object.entries(value).reverse())
          expect(canonicalJson(reversed)).to.equal(canonicalJson(value))
          expect(JSON.parse(canonicalJson(value))).to.deep.equal({ ...value })
        },
      ),
    )
  })

  it('refuses what has no single form', () => {
    for (const value of [1.5, NaN, 2 ** 53, '\ud800', undefined, 1n])
      expect(() => canonicalJson(value)).to.throw(TypeError)
  })
})

describe('content: public addresses', () => {
  it('tells the internet from private, local and embedded addresses', () => {
    for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700::1111'])
      expect(isPublicAddress(address), address).to.equal(true)
    // prettier-ignore
    const local = [
      '127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1',
      '::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', 'not an address',
    ]
    for (const address of local) expect(isPublicAddress(address), address).to.equal(false)
  })
})
