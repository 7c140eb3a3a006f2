import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { ENDPOINTS } from '../../sdk/src/api/contract/endpoints.js'
import { openApi } from '../../sdk/src/api/contract/openApi.js'
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

describe('api: contract', () => {
  const document = openApi('1.2.3') as { openapi: string; paths: Record<string, Record<string, Operation>> }

  it('the OpenAPI document has every operation, once', () => {
    expect(document.openapi).to.equal('3.1.0')
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).to.have.members([...Object.keys(ENDPOINTS), 'watchWorkload', 'watchNetwork', 'putContent'])
    for (const [name, { method, path, key }] of Object.entries(ENDPOINTS)) {
      const operation = document.paths[path]?.[method.toLowerCase()]
      expect(operation?.operationId).to.equal(name)
      expect(operation?.security !== undefined, name).to.equal(key)
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, member]) => member)
      const stated = operation?.parameters.filter((parameter) => parameter.in === 'path').map((one) => one.name)
      expect(stated, name).to.have.members(inPath)
      expect(Object.keys(operation?.responses ?? {})).to.include('default')
    }
  })

  it('refers to nothing that it does not hold, and is plain JSON', () => {
    const text = JSON.stringify(document)
    expect(JSON.parse(text)).to.deep.equal(document)
    for (const [, reference = ''] of text.matchAll(/"\$ref":"([^"]+)"/g)) expect(reference).to.match(/^#\/\$defs\//)
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
