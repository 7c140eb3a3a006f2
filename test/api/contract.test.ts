import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { ENDPOINTS } from '../../sdk/src/api/contract/endpoints.js'
import { openApi } from '../../sdk/src/api/contract/openApi.js'
import { createApp, type AppOptions } from '../../sdk/src/api/server/app.js'
import { API_ERRORS } from '../../sdk/src/errors/codes/api.js'

interface Operation {
  readonly operationId: string
  readonly security?: unknown
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, unknown>>
}
interface Schema {
  readonly type?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean
}

/** What a pointer leads to, from the root of the document, as readers of OpenAPI follow it. */
function target(document: unknown, pointer: string): unknown {
  const [root, ...names] = pointer
    .split('/')
    .map((name) => decodeURIComponent(name).replace(/~1/g, '/').replace(/~0/g, '~'))
  if (root !== '#') throw new Error(`${pointer} leads out of the document`)
  return names.reduce<unknown>((place, name) => {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, name))
      throw new Error(`${pointer} leads nowhere`)
    return (place as Record<string, unknown>)[name]
  }, document)
}

/** A part of the document, or what it refers to. */
function resolve(document: unknown, part: unknown): unknown {
  const reference = (part as { readonly $ref?: string } | undefined)?.$ref
  return reference === undefined ? part : target(document, reference)
}

describe('api: contract', () => {
  const document = openApi('1.2.3') as { openapi: string; paths: Record<string, Record<string, Operation>> }

  it('the OpenAPI document has every operation, once', () => {
    expect(document.openapi).to.equal('3.1.0')
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
    const ids = operations.map(({ operationId }) => operationId)
    const byHand = ['watchWorkload', 'watchNetwork', 'getContent', 'putContent']
    expect(ids).to.have.members([...Object.keys(ENDPOINTS), ...byHand])
    for (const [name, { method, path, key }] of Object.entries(ENDPOINTS)) {
      const operation = document.paths[path]?.[method.toLowerCase()]
      expect(operation?.operationId).to.equal(name)
      expect(operation?.security !== undefined, name).to.equal(key)
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, member]) => member)
      const stated = operation?.parameters.filter((parameter) => parameter.in === 'path').map((one) => one.name)
      expect(stated, name).to.have.members(inPath)
    }
  })

  it('what the server answers is what the document states, and every operation says what its errors are', () => {
    // Nothing is asked of it: what it works with is not looked at before.
    const app = createApp({ version: '1.2.3', origins: [] } as unknown as AppOptions)
    const served = app.routes
      .filter(({ path, method }) => /^\/v1\/[^*]*$/.test(path) && method !== 'ALL' && path !== '/v1/openapi.json')
      .map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    const stated = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(stated).to.have.members([...new Set(served)])
    for (const { operationId, responses } of Object.values(document.paths).flatMap((path) => Object.values(path))) {
      const problem = resolve(document, responses['default']) as Operation['requestBody']
      const { required } = resolve(document, problem?.content['application/json']?.schema) as Schema
      expect(required, operationId).to.deep.equal(['error'])
    }
  })

  it('is a document of OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(
      JSON.parse(JSON.stringify(document)) as Record<string, unknown>,
    )
    expect(errors).to.equal(undefined)
    expect(valid).to.equal(true)
  })

  it('refers to nothing that it does not hold, and is plain JSON', () => {
    const text = JSON.stringify(document)
    expect(JSON.parse(text)).to.deep.equal(document)
    const references = [...text.matchAll(/"\$ref":("[^"]+")/g)].map(([, pointer = '']) => JSON.parse(pointer) as string)
    expect(new Set(references).size).to.be.greaterThan(5)
    for (const reference of references) {
      expect(reference).to.match(/^#\/components\/(schemas|responses)\//)
      expect(target(document, reference), reference).to.be.an('object')
    }
    expect(() => target(document, '#/$defs/Problem')).to.throw('#/$defs/Problem')
  })

  it('says of a body what the server enforces', () => {
    const body = document.paths['/v1/requests']?.['post']?.requestBody?.content['application/json']?.schema
    expect(body?.required).to.have.members(['program', 'maxRunTime', 'inputs'])
    expect(body?.additionalProperties).to.equal(false)
    expect(body?.properties?.['redundancy']).to.include({ minimum: 1, maximum: 8, default: 1 })
  })

  it('every operation is in docs/api.md', async () => {
    const page = await readFile(join(root, 'docs/api.md'), 'utf8')
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const method of Object.keys(operations)) expect(page).to.include(`\`${method.toUpperCase()} ${path}\``)
    }
  })

  it('codes and hints keep one form', () => {
    for (const [code, { hint }] of Object.entries(API_ERRORS)) {
      expect(code).to.match(/^API_[A-Z_]+$/)
      expect(hint).to.match(/^[A-Z].{15,}\.$/)
    }
  })
})
