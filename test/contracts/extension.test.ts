import { expect } from 'chai'
import { Interface, type InterfaceAbi } from 'ethers'

import { artifacts, compilerOutput, type Artifact } from '../../scripts/lib/artifacts.js'

function artifact(name: string): Artifact {
  const found = artifacts().find(({ contractName }) => contractName === name)
  if (found === undefined) throw new Error(`${name} is not built`)
  return found
}

/** Signatures by selector. */
function selectors(name: string): Map<string, string> {
  const signatures = new Map<string, string>()
  new Interface(artifact(name).abi as InterfaceAbi).forEachFunction((fragment) => {
    signatures.set(fragment.selector, fragment.format('sighash'))
  })
  return signatures
}

/** Where every variable lies: label, slot, offset and type by name, since the ids of types differ from contract to contract. */
function layout(name: string): string[] {
  const { buildInfoId, inputSourceName, contractName } = artifact(name)
  const { storageLayout } = compilerOutput(buildInfoId).contracts[inputSourceName]?.[contractName] ?? {}
  if (storageLayout === undefined) throw new Error(`${name} has no storage layout`)
  return storageLayout.storage.map(
    ({ label, slot, offset, type }) => `${slot}+${offset} ${label}: ${storageLayout.types?.[type]?.label ?? type}`,
  )
}

describe('Market and MarketExtension', () => {
  it('have the same storage layout', () => {
    expect(layout('Market')).to.have.length.greaterThan(5)
    expect(layout('MarketExtension')).to.deep.equal(layout('Market'))
  })

  it('share no selector but that of the same function', () => {
    const [market, extension] = [selectors('Market'), selectors('MarketExtension')]
    for (const [selector, signature] of extension) {
      if (market.has(selector)) expect(market.get(selector), selector).to.equal(signature)
    }
  })

  it('answer every function of IMarket, each in one place unless it is a view of the shared storage', () => {
    const [market, extension] = [selectors('Market'), selectors('MarketExtension')]
    for (const [selector, signature] of selectors('IMarket')) {
      expect(market.has(selector) || extension.has(selector), signature).to.equal(true)
    }
    const core = selectors('IMarketCore')
    for (const [selector, signature] of selectors('IMarketExtension')) {
      if (!core.has(selector)) expect(market.has(selector), `${signature} hides the extension's`).to.equal(false)
    }
  })
})
