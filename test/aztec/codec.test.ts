import { expect } from 'chai'
import fc from 'fast-check'

import { keyOf, SERVED } from '../../programs/aztec-jobs/build.js'
import { ownCircuits, simulateBundle } from '../../programs/aztec-jobs/simulate.js'
import { planBundles, type WaitingJob } from '../../sdk/src/aztec/adapter/planBundles.js'
import type { Lane } from '../../sdk/src/aztec/adapter/Lane.js'
import { inlineExchange, INLINE_PREFIX } from '../../sdk/src/aztec/exchange/inlineExchange.js'
import { bundleProof, bundleStatement, readBundleProof, readStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { parseJobId, readJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { JOB_TYPES, type JobTypeFacts, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import { BN254_ORDER, bytesOf, elementsOf, layoutFault } from '../../sdk/src/aztec/protocol/layout.js'
import { readRecursiveProof, type RecursiveProofParts } from '../../sdk/src/aztec/protocol/recursiveProof.js'
import { readResult, resultJson, type JobResult } from '../../sdk/src/aztec/protocol/result.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { malformed } from '../support/aztec/malformed.js'
import { inputsOf, jobOf } from '../support/aztec/Producer.js'
import { fieldsOf, serialized, type ProofForm } from '../support/aztec/proofForm.js'
import type { ProgramId } from '../../sdk/src/chain/index.js'
import { rejected } from '../support/rejected.js'

const TYPES = SERVED.filter((type) => type !== 'PARITY_ROOT')

/** What readResult takes of the JSON of a result. */
function valueOf(result: JobResult): unknown {
  return (JSON.parse(resultJson(result)) as { readonly result: unknown }).result
}

/** That of a circuit with public inputs, to be spoilt. */
function partsOf(result: JobResult): {
  readonly inputs: string
  readonly proof: string
  readonly verificationKey: string
} {
  return valueOf(result) as ReturnType<typeof partsOf>
}

async function resultOf(type: JobTypeName): Promise<JobResult> {
  const inputs = inputsOf(type, 1)
  const key = type === 'PUBLIC_VM' ? new Uint8Array() : await keyOf(type)
  const statement = bundleStatement([{ id: jobOf(1, type, inputs).id, type }])
  return (await simulateBundle(statement, () => inputs, ownCircuits(() => key), () => undefined))[0]! // prettier-ignore
}

/** With another binary form. */
function withBinary(result: JobResult, binary: Uint8Array, inputs: number, flag = 1): string {
  const { proofFields } = JOB_TYPES[result.type]
  const numbers = Buffer.alloc(8)
  numbers.writeUInt32BE(binary.length)
  numbers.writeUInt32BE(inputs, 4)
  const fields = result.proof.subarray(0, 4 + proofFields * 32)
  return Buffer.concat([fields, numbers.subarray(0, 4), binary, numbers.subarray(4), Buffer.of(flag)]).toString(
    'base64',
  )
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

describe('aztec: the form of jobs and results', () => {
  it('layouts have the lengths of the classes they are read from', () => {
    const bytes = { TX_MERGE_ROLLUP: 1_114, BLOCK_ROOT_ROLLUP: 1_270, CHECKPOINT_ROOT_ROLLUP: 3_568, ROOT_ROLLUP: 3_136, PARITY_BASE: 96, PUBLIC_CHONK_VERIFIER: 82_753 } // prettier-ignore
    for (const [name, want] of Object.entries(bytes)) {
      expect(bytesOf(JOB_TYPES[name as keyof typeof bytes].publicInputs!), name).to.equal(want)
    }
    expect(elementsOf('2(n 2f) b')).to.deep.equal(['n', 'f', 'f', 'n', 'f', 'f', 'b'])
    for (const wrong of ['x', '3', '()x']) expect(() => elementsOf(wrong)).to.throw('not a layout')
  })

  it('an element is taken up to the modulus and not from there on', () => {
    const field = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
    expect(layoutFault('f', field(BN254_ORDER - 1n))).to.equal(undefined)
    expect(layoutFault('f', field(BN254_ORDER))).to.match(/out of its range at byte 0/)
    expect(layoutFault('n f', Buffer.concat([Buffer.alloc(4), field(BN254_ORDER)]))).to.match(/byte 4/)
    expect(layoutFault('b', Buffer.of(1))).to.equal(undefined)
    expect(layoutFault('b', Buffer.of(2))).to.match(/out of its range/)
    expect(layoutFault('z', Buffer.alloc(32, 0xff))).to.match(/out of its range/)
    expect(layoutFault('p', Buffer.alloc(48, 0xff))).to.match(/out of its range/)
    expect(layoutFault('a', Buffer.alloc(21))).to.equal('has 21 bytes, not 20')
  })

  it('what is right is read, and written again is the same', async () => {
    for (const type of TYPES) {
      const result = await resultOf(type)
      const again = readResult(type, valueOf(result))
      expect(again.simulated).to.equal(true)
      expect(resultJson(again)).to.equal(resultJson(result))
    }
  })

  it('every other byte of a result is refused, or is decodable', async () => {
    const result = await resultOf('PARITY_BASE')
    const value = partsOf(result)
    const parts = { inputs: result.publicInputs!, proof: result.proof, verificationKey: result.verificationKey! }
    const names = ['inputs', 'proof', 'verificationKey'] as const
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 0, max: 255 }), (name, at, byte) => {
        const bytes = Buffer.from(parts[name])
        bytes[at % bytes.length] = byte
        const spoilt = { ...value, [name]: bytes.toString('base64') }
        try {
          // What passes is at least of the same form: lengths and counts are where they were.
          const read = readResult('PARITY_BASE', spoilt)
          expect(read.proof.length).to.equal(result.proof.length)
          expect(Buffer.from(read.verificationKey!).equals(result.verificationKey!)).to.equal(true)
        } catch (error) {
          expect(error).to.have.property('code', 'AZTEC_RESULT_INVALID')
        }
      }),
      { numRuns: 300 },
    )
  })

  it('lengths, counts, flags and keys that Aztec cannot decode are refused', async () => {
    const result = await resultOf('PARITY_BASE')
    const value = partsOf(result)
    const wrong: Readonly<Record<string, unknown>> = {
      'no object': 7,
      'a list': [value],
      'a member more': { ...value, extra: 1 },
      'a member less': { inputs: value.inputs, proof: value.proof },
      'base64 with a space': { ...value, inputs: ` ${value.inputs}` },
      base64url: { ...value, proof: value.proof.replace(/A/, '-') },
      'trailing bytes': { ...value, inputs: Buffer.concat([result.publicInputs!, Buffer.alloc(1)]).toString('base64') },
      'a root of 32 bytes': {
        ...value,
        inputs: Buffer.concat([Buffer.of(1), result.publicInputs!.subarray(1)]).toString('base64'),
      },
      'fields said to be invalid': { ...value, proof: withBinary(result, new Uint8Array(42), 0, 0) },
      'an odd binary proof': { ...value, proof: withBinary(result, new Uint8Array(33), 3) },
      'a length beyond the end': { ...value, proof: value.proof.slice(0, -8) },
    }
    for (const [name, spoilt] of Object.entries(wrong)) {
      await rejected(Promise.resolve().then(() => readResult('PARITY_BASE', spoilt)), 'AZTEC_RESULT_INVALID').catch((error: unknown) => { throw new Error(`${name} is taken`, { cause: error }) }) // prettier-ignore
    }
  })

  // `npm run test:aztec` makes two of them for real; this is the form of those too that nothing here can prove.
  it('a proof that was made is read in the form that its type has, and in no other', () => {
    for (const [type, own, said, length, flag] of [
      ['PARITY_BASE', 3, 3, 449, 1],
      ['CHECKPOINT_PADDING_ROLLUP', 149, 149, 519, 1],
      ['PUBLIC_CHONK_VERIFIER', 2785, 2785, 519, 1],
      ['PUBLIC_VM', 0, 0, 12_000, 1],
      ['ROOT_ROLLUP', 111, 119, 331, 0],
    ] as const) {
      const fieldBytes = JOB_TYPES[type].proofFields * 32
      const inputs = fieldsOf(own, 1)
      const made = fieldsOf(length, 5)
      // No circuit takes in a root, so its proof has no fields.
      const fields = Buffer.alloc(fieldBytes)
      if (type !== 'ROOT_ROLLUP') made.copy(fields)
      const form: ProofForm = { fields, binary: Buffer.concat([inputs, made]), said, flag }
      const read = (changes: Partial<ProofForm>): RecursiveProofParts =>
        readRecursiveProof(type, serialized({ ...form, ...changes }))
      const { simulated, publicInputs } = read({})
      expect(simulated, type).to.equal(false)
      expect(Buffer.from(publicInputs).equals(inputs), type).to.equal(true)
      const wrong: Readonly<Record<string, Partial<ProofForm>>> = {
        'one public input more': { said: said + 1 },
        'the number of them that its key has': { said: said === 0 ? 8 : own + (length === 519 ? 14 : 9) },
        'another flag': { flag: flag === 1 ? 0 : 1 },
        'half a field more': { binary: Buffer.concat([form.binary, Buffer.alloc(16)]) },
        'a field less': { binary: form.binary.subarray(0, -32) },
        'nothing binary': { binary: Buffer.alloc(0) },
        'zeros of another length': { binary: Buffer.alloc(64) },
        'other fields': { fields: changed(fields, 63) },
        ...(own > 0 && { 'a public input beyond the modulus': { binary: Buffer.concat([Buffer.alloc(32, 0xff), form.binary.subarray(32)]) } }),
        ...(type === 'PUBLIC_VM' && { 'more behind its end': { fields: changed(fields, fieldBytes - 1) } }),
      } // prettier-ignore
      for (const [name, change] of Object.entries(wrong)) {
        expect(() => read(change), `${type}: ${name}`).to.throw(GevulotError).with.property('code', 'AZTEC_RESULT_INVALID') // prettier-ignore
      }
    }
  })

  it('a proof of other public inputs than its result says is refused', async () => {
    const result = await resultOf('PARITY_BASE')
    const made = fieldsOf(449, 5)
    const proof = (inputs: Uint8Array): Uint8Array => serialized({ fields: made, binary: Buffer.concat([inputs, made]), said: 3, flag: 1 }) // prettier-ignore
    const right = valueOf({ ...result, proof: proof(result.publicInputs!) })
    expect(readResult('PARITY_BASE', right).simulated).to.equal(false)
    const wrong = valueOf({ ...result, proof: proof(changed(Buffer.from(result.publicInputs!), 95)) })
    expect(() => readResult('PARITY_BASE', wrong)).to.throw(/of other public inputs/)
  })

  it('a bundle is read only as the bundle of its jobs', async () => {
    const jobs = TYPES.map((type) => ({ id: jobOf(3, type, inputsOf(type, 1)).id, type }))
    const statement = bundleStatement(jobs)
    expect(readStatement(statement)).to.deep.equal(jobs.map(({ id }) => id))
    const proof = bundleProof(statement, await Promise.all(TYPES.map(resultOf)))
    expect(readBundleProof(jobs, proof).map(({ type }) => type)).to.deep.equal(TYPES)
    const others = jobs.map(({ id, type }) => ({ id: id.replace(/^3/, '4'), type }))
    await rejected(Promise.resolve().then(() => readBundleProof(others, proof)), 'AZTEC_RESULT_INVALID') // prettier-ignore
    await rejected(Promise.resolve().then(() => readBundleProof(jobs.toReversed(), proof)), 'AZTEC_RESULT_INVALID') // prettier-ignore
    const lie = Buffer.from(Buffer.from(proof).toString().replaceAll('"simulated":true', '"simulated":false'))
    await rejected(
      Promise.resolve().then(() => readBundleProof(jobs, lie)),
      'AZTEC_RESULT_INVALID',
    )
    const parity = jobs.filter(({ type }) => type === 'PARITY_BASE')
    const parityResult = await resultOf('PARITY_BASE')
    const made = fieldsOf(449, 5)
    const real = { ...parityResult, simulated: false, proof: serialized({ fields: made, binary: Buffer.concat([parityResult.publicInputs!, made]), said: 3, flag: 1 }) } // prettier-ignore
    const said = bundleProof(bundleStatement(parity), [{ ...real, development: true }])
    expect(readBundleProof(parity, said)[0]).to.deep.include({ simulated: false, development: true })
    const unsaid = readBundleProof(parity, bundleProof(bundleStatement(parity), [real]))[0]
    expect(unsaid).not.to.have.property('development')
    for (const other of ['false', '1', 'null', '"yes"']) {
      const lies = Buffer.from(said).toString().replace('"development":true', `"development":${other}`)
      await rejected(Promise.resolve().then(() => readBundleProof(parity, Buffer.from(lies))), 'AZTEC_RESULT_INVALID') // prettier-ignore
    }
    const both = bundleProof(bundleStatement(parity), [{ ...parityResult, development: true }])
    await rejected(
      Promise.resolve().then(() => readBundleProof(parity, both)),
      'AZTEC_RESULT_INVALID',
    )
    const alone = bundleProof(bundleStatement(parity), [await resultOf('PARITY_BASE')])
    expect(readBundleProof(parity, alone)).to.have.length(1)
    for (const spoil of Object.values(malformed)) {
      await rejected(Promise.resolve().then(() => readBundleProof(parity, spoil(alone))), 'AZTEC_RESULT_INVALID') // prettier-ignore
    }
    for (const text of [
      '',
      '{}',
      '{"schema":"gevulot/aztec-jobs@1","release":"4.1.2","jobs":[]}',
      `${Buffer.from(statement).toString()} `,
    ]) {
      await rejected(
        Promise.resolve().then(() => readStatement(Buffer.from(text))),
        'AZTEC_JOB_INVALID',
      )
    }
  })

  it('ids are read, and inputs are those of their id', async () => {
    for (const [name, { type }] of Object.entries<JobTypeFacts>(JOB_TYPES)) {
      const id = `12:${name}:${'ab'.repeat(32)}`
      expect(readJobId(id, type, 12)).to.deep.equal({ epoch: 12, type: name, inputsHash: 'ab'.repeat(32) })
    }
    for (const type of TYPES) {
      const inputs = inputsOf(type, 5)
      const { id, inputsUri } = jobOf(1, type, inputs)
      expect(Buffer.from(await inlineExchange.load(id, parseJobId(id), inputsUri)).equals(inputs), type).to.equal(true)
      const other = jobOf(1, type, Buffer.concat([inputs, Buffer.of(1)])).inputsUri
      for (const uri of [
        other,
        inputsUri.replace(INLINE_PREFIX, 'data:text/plain,'),
        `${INLINE_PREFIX}%zz`,
        INLINE_PREFIX,
        `${INLINE_PREFIX}null`,
        inputsUri.slice(0, -6),
      ]) {
        await rejected(inlineExchange.load(id, parseJobId(id), uri), 'AZTEC_JOB_INVALID')
      }
    }
  })
})

describe('aztec: which jobs are proven together', () => {
  const lane: Lane = {
    ...{
      program: `0x${'11'.repeat(32)}` as ProgramId,
      types: ['PARITY_BASE', 'TX_MERGE_ROLLUP'],
      bundleJobs: 3,
      bundleBytes: 1_000,
    },
    ...{
      bundleSeconds: 100,
      bundleWaitMs: 5_000,
      pace: 1,
      spareSeconds: 0,
      maxRunTime: 600,
      redundancy: 1,
      feePercent: 100,
    },
  }
  const job = (id: string, changes: Partial<WaitingJob> = {}): WaitingJob => ({
    ...{ id, type: 'TX_MERGE_ROLLUP', epoch: 1, input_bytes: 10, created_at: 0, ...changes },
  })
  const plan = (jobs: readonly WaitingJob[], now = 1_000, changes: Partial<Lane> = {}): string[] =>
    planBundles(jobs, { ...lane, ...changes }, now).map((bundle) => bundle.map(({ id }) => id).join(''))

  it('by number, and what is left waits for company', () => {
    expect(plan([...'abcdefg'].map((id) => job(id)))).to.deep.equal(['abc', 'def'])
    expect(
      plan(
        [...'abcdefg'].map((id) => job(id)),
        5_000,
      ),
    ).to.deep.equal(['abc', 'def', 'g'])
    expect(plan([job('a')], 4_999)).to.deep.equal([])
    expect(plan([job('a')], 4_999, { bundleJobs: 1 })).to.deep.equal(['a'])
  })

  it('by size and by what they cost, and one that is too large alone goes alone', () => {
    expect(plan([job('a', { input_bytes: 600 }), job('b', { input_bytes: 600 }), job('c')], 5_000)).to.deep.equal([
      'a',
      'bc',
    ])
    expect(plan([job('a', { input_bytes: 5_000 }), job('b')], 5_000)).to.deep.equal(['a', 'b'])
    // TX_MERGE is ten seconds by Aztec's figures.
    expect(
      plan(
        [...'abc'].map((id) => job(id)),
        5_000,
        { bundleSeconds: 20 },
      ),
    ).to.deep.equal(['ab', 'c'])
    expect(
      plan(
        [...'abc'].map((id) => job(id)),
        5_000,
        { bundleSeconds: 20, pace: 0.5 },
      ),
    ).to.deep.equal(['abc'])
  })

  it('never of two epochs, never of two types, never of a type of another lane', () => {
    const jobs = [
      job('a'),
      job('b', { epoch: 2 }),
      job('c', { type: 'PARITY_BASE' }),
      job('d', { type: 'ROOT_ROLLUP' }),
    ]
    expect(plan(jobs, 5_000).toSorted()).to.deep.equal(['a', 'b', 'c'])
  })

  it('every job is in one bundle at most, whatever comes', () => {
    const jobs = fc.array(fc.record({ epoch: fc.nat(2), input_bytes: fc.nat(1_500), created_at: fc.nat(6_000) }))
    fc.assert(
      fc.property(jobs, (list) => {
        const waiting = list.map((facts, index) => job(String(index), facts))
        const planned = planBundles(waiting, lane, 8_000)
        const ids = planned.flat().map(({ id }) => id)
        expect(new Set(ids).size).to.equal(ids.length)
        for (const bundle of planned) {
          expect(bundle.length).to.be.within(1, 3)
          expect(new Set(bundle.map(({ epoch }) => epoch)).size).to.equal(1)
          if (bundle.length > 1)
            expect(bundle.reduce((sum, { input_bytes }) => sum + input_bytes, 0)).to.be.at.most(1_000)
        }
        for (const { id, created_at } of waiting) if (created_at <= 3_000) expect(ids).to.include(id)
      }),
    )
  })
})
