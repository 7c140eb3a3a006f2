import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import {
  encodeBytes32String,
  FetchResponse,
  getAddress,
  Interface,
  isError,
  makeError,
  MaxUint256,
  VoidSigner,
  Wallet,
  ZeroAddress,
} from 'ethers'
import { root } from '../../scripts/lib/artifacts.js'
import { bondRefusal } from '../../sdk/src/aztec/bonds/bondRefusal.js'
import { asChainError } from '../../sdk/src/chain/asChainError.js'
import { codeOf, contractErrorOf } from '../../sdk/src/chain/contractErrorOf.js'
import { deploymentOf, parseDeploymentRecord } from '../../sdk/src/chain/deployment.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { readDeploymentRecord } from '../../sdk/src/chain/readDeploymentRecord.js'
import { BlockhashBeacon__factory } from '../../sdk/src/chain/generated/factories/BlockhashBeacon__factory.js'
import { Committee__factory } from '../../sdk/src/chain/generated/factories/Committee__factory.js'
import { DrandBeacon__factory } from '../../sdk/src/chain/generated/factories/DrandBeacon__factory.js'
import { EpochBonds__factory } from '../../sdk/src/chain/generated/factories/EpochBonds__factory.js'
import { EpochRelay__factory } from '../../sdk/src/chain/generated/factories/EpochRelay__factory.js'
import { MarketExtension__factory } from '../../sdk/src/chain/generated/factories/MarketExtension__factory.js'
import { MarketViewer__factory } from '../../sdk/src/chain/generated/factories/MarketViewer__factory.js'
import { Market__factory } from '../../sdk/src/chain/generated/factories/Market__factory.js'
import { ProverRegistry__factory } from '../../sdk/src/chain/generated/factories/ProverRegistry__factory.js'
import { Qualification__factory } from '../../sdk/src/chain/generated/factories/Qualification__factory.js'
import { Relay__factory } from '../../sdk/src/chain/generated/factories/Relay__factory.js'
import { Rewards__factory } from '../../sdk/src/chain/generated/factories/Rewards__factory.js'
import { GevulotToken__factory } from '../../sdk/src/chain/generated/factories/GevulotToken__factory.js'
import { IMarket__factory } from '../../sdk/src/chain/generated/factories/IMarket__factory.js'
import { IProverRegistry__factory } from '../../sdk/src/chain/generated/factories/IProverRegistry__factory.js'
import { CHAIN_ERRORS } from '../../sdk/src/errors/codes/chain.js'
import { CLIENT_ERRORS } from '../../sdk/src/errors/codes/client.js'
import { CONTRACT_ERRORS } from '../../sdk/src/errors/codes/contracts.js'
import { CRYPTO_ERRORS } from '../../sdk/src/errors/codes/crypto.js'
import { GevulotError, type ErrorTable } from '../../sdk/src/errors/GevulotError.js'
import { rejected } from '../support/rejected.js'
import { thrown } from '../support/thrown.js'

const market = IMarket__factory.createInterface()
/** All contracts of a deployment, whose errors come to a caller as they are. */
const REACHED = [
  ...[
    Market__factory,
    MarketExtension__factory,
    MarketViewer__factory,
    ProverRegistry__factory,
    Qualification__factory,
  ],
  ...[Committee__factory, Relay__factory, Rewards__factory, GevulotToken__factory],
  ...[BlockhashBeacon__factory, DrandBeacon__factory],
].map((factory) => factory.createInterface() as Interface)
/** No call meets them: nobody calls as the zero address, and our names are short. */
const NEVER = ['ERC20InvalidSender', 'ERC20InvalidApprover', 'InvalidShortString', 'StringTooLong']
const WORD = encodeBytes32String('word')
const SAMPLES: Readonly<Record<string, unknown>> = {
  ...{ address: ZeroAddress, bytes32: WORD, bytes4: '0x01020304', bytes: '0x', bool: true, string: 'x' },
}
const codeOfError = (error: unknown) => (asChainError(error, 'testing') as GevulotError).code

describe('errors', () => {
  it('every error that a call can meet is decoded, described with arguments that exist, and has its place on the page', async () => {
    const page = await readFile(join(root, 'sdk/ERRORS.md'), 'utf8')
    let errors = 0
    for (const abi of REACHED) {
      abi.forEachError((fragment) => {
        const { name, inputs } = fragment
        if (NEVER.includes(name)) return
        errors += 1
        const descriptor = (CONTRACT_ERRORS as Record<string, { text: string; hint: string }>)[name]
        expect(descriptor, `${name} is not described`).not.to.equal(undefined)
        const data = abi.encodeErrorResult(
          fragment,
          inputs.map(({ type }) => SAMPLES[type] ?? 1),
        )
        const error = contractErrorOf(data, 'testing')
        expect(error.code, name).to.equal(codeOf(name))
        for (const [, argument] of descriptor?.text.matchAll(/\{(\w+)(?::(?:tokens|time))?\}/g) ?? [])
          expect(error.details, name).to.have.property(argument!)
        expect(page.toLowerCase(), name).to.include(`\n### ${error.code.toLowerCase()}\n`)
      })
    }
    expect(errors).to.be.greaterThan(150)
  })

  it('every error of the epoch bonds and their relay has a code', () => {
    for (const factory of [EpochBonds__factory, EpochRelay__factory]) {
      const abi = factory.createInterface()
      abi.forEachError((fragment) => {
        // It carries what the rollup said, which has codes of its own.
        if (fragment.name === 'NothingDone') return
        const data = abi.encodeErrorResult(
          fragment,
          fragment.inputs.map(({ type }) => SAMPLES[type] ?? 1),
        )
        const revert = makeError('no', 'CALL_EXCEPTION', { data } as never)
        expect((bondRefusal(revert, 'testing') as GevulotError).code, fragment.name).to.match(
          /^AZTEC_BOND_(REFUSED|EARLY)$/,
        )
      })
    }
  })

  it('every code of every table has one place on the page that goes with the package, and names it', async () => {
    const page = await readFile(join(root, 'sdk/ERRORS.md'), 'utf8')
    const anchors = [...page.matchAll(/^### (\w+)$/gm)].map(([, code]) => `ERRORS.md#${code?.toLowerCase()}`)
    expect(new Set(anchors).size).to.equal(anchors.length)
    for (const file of await readdir(join(root, 'sdk/src/errors/codes'))) {
      const module = (await import(join(root, 'sdk/src/errors/codes', file))) as Record<string, unknown>
      for (const [name, table] of Object.entries(module).filter(([name]) => name.endsWith('_ERRORS'))) {
        for (const [key, descriptor] of Object.entries(table as ErrorTable)) {
          const code = /^[A-Z_0-9]+$/.test(key) ? key : codeOf(key)
          expect(anchors, `${name} ${key}`).to.include(new GevulotError(code, descriptor, 'test').docs)
        }
      }
    }
  })

  it('codes and hints keep one form', () => {
    for (const [prefix, table] of Object.entries({
      CHAIN: CHAIN_ERRORS,
      CLIENT: CLIENT_ERRORS,
      CRYPTO: CRYPTO_ERRORS,
    })) {
      for (const [code, { hint }] of Object.entries(table)) {
        expect(code).to.match(new RegExp(`^${prefix}_[A-Z_]+$`))
        expect(hint).to.match(/^[A-Z].{15,}\.$/)
      }
    }
    expect(codeOf('FeeTooLow')).to.equal('CONTRACT_FEE_TOO_LOW')
    expect(codeOf('ERC20InsufficientAllowance')).to.equal('CONTRACT_ERC20_INSUFFICIENT_ALLOWANCE')
  })

  it('contract errors say what they have and what they want', () => {
    const fee = contractErrorOf(market.encodeErrorResult('FeeTooLow', [5, 7]), 'submitting')
    expect(fee).to.include({ code: 'CONTRACT_FEE_TOO_LOW', retryable: false })
    expect(fee.message).to.equal('submitting: the fee is 5, the least for this run time and redundancy is 7')
    expect(fee.details).to.deep.equal({ fee: 5n, minimum: 7n })
    const registry = IProverRegistry__factory.createInterface()
    const cooling = contractErrorOf(
      registry.encodeErrorResult('CoolingDown', [4, 1_799_999_999, 1_800_000_000]),
      'withdrawing',
    )
    expect(cooling.message).to.equal(
      'withdrawing: seat 4 cools down until 2027-01-15T08:00:00Z, it is 2027-01-15T07:59:59Z',
    )
    const never = contractErrorOf(market.encodeErrorResult('TooEarly', [0, MaxUint256 - 1n]), 'settling')
    expect(never.message).to.include(`from ${MaxUint256 - 1n} on, it is 1970-01-01T00:00:00Z`)
    const peer = `0x${'ab'.repeat(20)}`
    const ours = contractErrorOf(market.encodeErrorResult('NotOurRegistry', [ZeroAddress, peer]), 'deploying')
    expect(ours.details).to.deep.equal({ have: ZeroAddress, want: getAddress(peer) })
    expect(ours.message).to.equal(`deploying: the registry names ${ZeroAddress}, this is ${getAddress(peer)}`)
    const bond = contractErrorOf(registry.encodeErrorResult('BondIncomplete', [4, 10n ** 17n, 10n ** 21n]), 'joining')
    expect(bond.message).to.equal('joining: the bond of seat 4 is 0.1 GVLT, a full one is 1000 GVLT')
    const slot = contractErrorOf(market.encodeErrorResult('WrongSlotState', [3, 4]), 'accepting')
    expect(slot.message).to.equal('accepting: the slot of seat 3 is Valid, which does not allow this')
    const term = [encodeBytes32String('redundancy'), 9, 1, 8]
    const terms = contractErrorOf(market.encodeErrorResult('InvalidTerms', term), 'submitting')
    expect(terms.message).to.equal('submitting: redundancy is 9, allowed is 1 to 8')
    expect(terms.details).to.deep.equal({ term: 'redundancy', have: 9n, least: 1n, most: 8n })
    const rule = [encodeBytes32String('beacon'), 0, 1, MaxUint256]
    const rules = contractErrorOf(market.encodeErrorResult('InvalidRules', rule), 'adding rules')
    expect(rules.message).to.equal('adding rules: beacon is 0, allowed is 1 to any number')
    const other = contractErrorOf(new Interface(['error Unheard(uint256)']).encodeErrorResult('Unheard', [1]), 'x')
    expect(other.code).to.equal('CHAIN_REVERTED')
    expect(contractErrorOf('0x', 'x').code).to.equal('CHAIN_REVERTED')
  })

  it('provider and signer errors get stable codes', () => {
    const request = { request: {} as never, transaction: {} as never }
    expect(codeOfError(makeError('no', 'INSUFFICIENT_FUNDS', request))).to.equal('CHAIN_GAS_FUNDS_LOW')
    expect(codeOfError(makeError('no', 'NONCE_EXPIRED', request))).to.equal('CHAIN_NONCE_CONFLICT')
    const refused = { action: 'sendTransaction', reason: 'rejected' } as never
    expect(codeOfError(makeError('no', 'ACTION_REJECTED', refused))).to.equal('CHAIN_SIGNER_REFUSED')
    expect(codeOfError(new Error('socket hang up'))).to.equal('CHAIN_RPC_UNAVAILABLE')
    // An answer that was cut off, or a page of a proxy: what the library says of it sounds like a mistake of ours.
    for (const body of ['{"jsonrpc":"2.0","id":1,"resu', '<html>', '\xff']) {
      const response = new FetchResponse(200, 'OK', {}, Buffer.from(body, 'latin1'))
      let error: unknown
      try {
        error = response.bodyJson as unknown
      } catch (caught) {
        error = caught
      }
      expect(codeOfError(error)).to.equal('CHAIN_RPC_UNAVAILABLE')
    }
    const withKey = asChainError(new Error('no answer from https://rpc.example.org/v2/secret-key (x)'), 'testing')
    expect(withKey.message).to.include('<endpoint>').and.not.include('secret-key')
    const abort = new DOMException('stop', 'AbortError')
    expect(asChainError(abort, 'testing')).to.equal(abort)
    const own = new GevulotError('X', { hint: 'x', retryable: true }, 'x')
    expect(asChainError(own, 'testing')).to.equal(own)
  })

  // What the library has one code for: the errors are its own, made by what really makes them.
  it('what a node says of a transaction that it does not take has a code; anything else may be about the node', () => {
    const said = (message: string, method = 'eth_sendRawTransaction') =>
      makeError('could not coalesce error', 'UNKNOWN_ERROR', {
        error: { code: -32_000, message },
        payload: { method },
      })
    const words = {
      CHAIN_TRANSACTION_TOO_LARGE: [
        ...['oversized data: transaction size 143566, limit 131072', 'MaxTxSizeExceeded', 'RLPTooLong', 'rlp too long'],
      ],
      CHAIN_GAS_LIMIT_TOO_HIGH: [
        ...[
          'exceeds block gas limit',
          'transaction gas limit too high (cap: 16777216, tx: 20000000)',
          'GasLimitExceeded, Gas limit: 1',
        ],
        ...['exceeds max transaction gas limit', 'Transaction gas limit exceeds block gas limit'],
        ...['transaction gas limit (20000000) is greater than the cap (16777216)', 'intrinsic gas too high'],
      ],
      CHAIN_FEE_REFUSED: ['tx fee (1.20 ether) exceeds the configured cap (1.00 ether)'],
      CHAIN_RPC_UNAVAILABLE: ['internal error', 'txpool is full', 'already known', 'header not found'],
    }
    for (const [code, all] of Object.entries(words))
      for (const text of all) expect(codeOfError(said(text)), text).to.equal(code)
    expect(codeOfError(said('exceeds block gas limit', 'eth_getLogs'))).to.equal('CHAIN_RPC_UNAVAILABLE')
  })

  it('what cannot be done says what it is: no signer, a provider that was destroyed, an endpoint that does not know how', async () => {
    const caught = async (act: () => unknown): Promise<GevulotError> => {
      try {
        await act()
      } catch (error) {
        expect(isError(error, 'UNSUPPORTED_OPERATION'), String(error)).to.equal(true)
        return asChainError(error, 'testing') as GevulotError
      }
      throw new Error('nothing failed')
    }
    const provider = rpcProvider('http://127.0.0.1:1', 5)
    const token = GevulotToken__factory.connect(`0x${'11'.repeat(20)}`, provider)
    for (const withoutSigner of [
      () => Wallet.createRandom().sendTransaction({}),
      () => new VoidSigner(ZeroAddress, provider).signTransaction({}),
      () => token.approve(`0x${'22'.repeat(20)}`, 1n),
    ]) {
      const missing = await caught(withoutSigner)
      expect(missing).to.include({ code: 'CHAIN_SIGNER_MISSING', message: 'testing needs a signer' })
    }
    const unknown = (method: string): Error =>
      provider.getRpcError(
        { jsonrpc: '2.0', id: 1, method, params: [] },
        { id: 1, error: { code: -32_601, message: `the method ${method} does not exist/is not available` } },
      )
    // A node that holds no key.
    expect(await caught(() => Promise.reject(unknown('eth_sendTransaction')))).to.include({ code: 'CHAIN_SIGNER_MISSING' }) // prettier-ignore
    const cannot = await caught(() => Promise.reject(unknown('eth_getLogs')))
    expect(cannot).to.include({ code: 'CHAIN_UNSUPPORTED', retryable: false })
    expect(cannot.message).to.equal('testing: eth_getLogs is not supported (unsupported operation)')
    provider.destroy()
    const destroyed = await caught(() => provider.getBlockNumber())
    expect(destroyed).to.include({ code: 'CHAIN_PROVIDER_DESTROYED', retryable: false })
    expect(destroyed.message).to.equal('testing: the provider was destroyed')
  })

  it('deployment records are checked', async () => {
    const contract = {
      contract: 'X',
      address: `0x${'11'.repeat(20)}`,
      block: 4,
      transaction: `0x${'22'.repeat(32)}`,
      arguments: ['1'],
      codeHash: `0x${'33'.repeat(32)}`,
    }
    const contracts = {
      token: contract,
      market: { ...contract, block: 2 },
      registry: contract,
      relay: contract,
      qualification: contract,
      rewards: contract,
      viewer: contract,
      committee: contract,
      beacon: contract,
      extension: contract,
    }
    const record = { schema: 'gevulot/deployment@1', chainId: 5, network: 'x', contracts }
    const parse = (value: unknown) => parseDeploymentRecord(Buffer.from(JSON.stringify(value)))
    expect(deploymentOf(parse(record))).to.include({ chainId: 5, fromBlock: 2, market: contract.address })
    for (const broken of [
      {},
      { ...record, schema: 'gevulot/deployment@2' },
      { ...record, chainId: '5' },
      { ...record, contracts: { ...contracts, market: undefined } },
      { ...record, contracts: { ...contracts, market: { ...contract, address: '0x1' } } },
    ]) {
      expect(thrown(() => parse(broken)).code).to.equal('CHAIN_DEPLOYMENT_INVALID')
    }
    await rejected(readDeploymentRecord('/nowhere/1.json'), 'CHAIN_DEPLOYMENT_INVALID')
  })
})
