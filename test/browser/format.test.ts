import { expect } from 'chai'
import { tokens } from '../../explorer/src/format.js'

describe('browser: amounts', () => {
  it('of less than a token the first two figures are shown, of more so many places', () => {
    const shown = (text: string, digits?: number): string => {
      const [whole = '', fraction = ''] = text.replace('-', '').split('.')
      const units = BigInt(whole + fraction.padEnd(18, '0'))
      return tokens(text.startsWith('-') ? -units : units, digits)
    }
    expect(shown('0', 2)).to.equal('0')
    expect(shown('0.017', 2)).to.equal('0.017')
    expect(shown('0.05', 1)).to.equal('0.05')
    expect(shown('0.00012345', 2)).to.equal('0.00012')
    expect(shown('0.0000001', 2)).to.equal('<0.000001')
    expect(shown('-0.0000001')).to.equal('−<0.000001')
    expect(shown('1204.5678', 2)).to.equal('1,204.56')
    expect(shown('1.000001')).to.equal('1')
    expect(shown('0.999999')).to.equal('0.9999')
    expect(shown('0.008220833333333334', 18)).to.equal('0.008220833333333334')
  })
})
