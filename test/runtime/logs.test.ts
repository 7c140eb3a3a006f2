import { expect } from 'chai'
import fc from 'fast-check'
import { LinuxSerial } from '../../sdk/src/runtime/linux/LinuxSerial.js'
import { LogTail } from '../../sdk/src/runtime/LogTail.js'

describe('runtime: logs', () => {
  it('keeps the beginning and the end within the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.integer({ min: 2, max: 200 }), (chunks, limit) => {
        const log = new LogTail(limit)
        for (const chunk of chunks) log.write(chunk)
        expect(log.text().length).to.be.at.most(limit + 30)

        expect(log.text()).not.to.match(/[\0-\x08\x0b-\x1f\x7f-\x9f]/)
      }),
    )
  })

  it('leaves ordinary text alone', () => {
    const log = new LogTail(100)
    const euro = Buffer.from('€')
    log.write(Buffer.from('one\r\ntwo\t'))
    log.write(euro.subarray(0, 1))
    log.write(euro.subarray(1))
    expect(log.text()).to.equal('one\ntwo\t€')
  })

  it('finds the marks however the bytes are cut', () => {
    const stream = Buffer.from('boot\n\n\x01start T\nhel\n\x01stlo\n\n\x01end X\n\x01end T\nrest')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 60 }), (cuts) => {
        const seen: string[] = []
        const collect = (kind: string) => (bytes: Uint8Array) => seen.push(`${kind}${Buffer.from(bytes).toString()}`)
        const mark = (kind: string) => () => seen.push(kind)
        const log = new LinuxSerial('T', {
          system: collect('s'),
          program: collect('p'),
          start: mark('START'),
          end: mark('END'),
        })
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          log.write(stream.subarray(at, at + cut))
          at += cut
        }
        log.close()
        const of = (kind: string): string =>
          seen
            .filter((part) => part.startsWith(kind))
            .map((part) => part.slice(1))
            .join('')
        expect(of('s')).to.equal('boot\n')
        expect(of('p')).to.equal('hel\n\x01stlo\n\n\x01end X')
        expect(seen.filter((part) => part === 'START' || part === 'END')).to.deep.equal(['START', 'END'])
        expect(seen.at(-1)).to.equal('END')
      }),
    )
  })

  it('hands a line on at once', () => {
    const seen: string[] = []
    const log = new LinuxSerial('T', {
      system: () => undefined,
      program: (bytes) => seen.push(Buffer.from(bytes).toString()),
      start: () => undefined,
      end: () => undefined,
    })
    log.write(Buffer.from('\n\x01start T\nhello'))
    expect(seen).to.deep.equal(['hello'])
  })
})
