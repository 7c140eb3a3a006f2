import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { expect } from 'chai'

import { openExchange } from '../../sdk/src/aztec/exchange/openExchange.js'
import { signS3 } from '../../sdk/src/aztec/exchange/signS3.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { systemClock } from '../../sdk/src/clock.js'
import { inputsOf, jobOf } from '../support/aztec/Producer.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const INPUTS = inputsOf('PARITY_BASE', 9)
const { id, inputsUri } = jobOf(4, 'PARITY_BASE', INPUTS)
const job = parseJobId(id)
/** The example keys of Amazon's own documentation. */
const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }

describe('aztec: where inputs and results lie', () => {
  const directory = useTemporaryDirectory()

  it('a directory holds them as Aztec names them, compressed or not', async () => {
    const root = join(directory(), 'files')
    const exchange = openExchange({ store: `file://${root}`, clock: systemClock })
    const path = join(root, 'inputs/PARITY_BASE')
    await mkdir(path, { recursive: true })
    const uri = `file://${root}/inputs/PARITY_BASE/${id}`
    await rejected(exchange.load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
    for (const bytes of [INPUTS, gzipSync(INPUTS)]) {
      await writeFile(join(path, id), bytes)
      expect(Buffer.from(await exchange.load(id, job, uri)).equals(INPUTS)).to.equal(true)
    }
    // A copy that is half there may be whole the next time, so the job is not lost for it.
    await writeFile(join(path, id), INPUTS.subarray(1))
    await rejected(exchange.load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
    expect(await exchange.save(id, job, '{"a":1}')).to.equal(`file://${root}/outputs/PARITY_BASE/${id}.json`)
    expect(await readFile(join(root, `outputs/PARITY_BASE/${id}.json`), 'utf8')).to.equal('{"a":1}')
    // What is inline is read whatever the store.
    expect(Buffer.from(await exchange.load(id, job, inputsUri)).equals(INPUTS)).to.equal(true)
  })

  it('no URI leads out of the store', async () => {
    const root = join(directory(), 'files')
    const exchange = openExchange({ store: `file://${root}`, clock: systemClock })
    const uris = [
      'file:///etc/passwd',
      `file://${root}/inputs/PARITY_BASE/../../../etc/passwd`,
      `file://${root}/inputs/PARITY_ROOT/${id}`,
      `http://169.254.169.254/latest/meta-data/`,
      `s3://bucket/inputs/PARITY_BASE/${id}`,
    ]
    for (const uri of uris) await rejected(exchange.load(id, job, uri), 'AZTEC_STORE_REFUSED')
    await rejected(
      openExchange({ store: '', clock: systemClock }).load(id, job, 'file:///etc/passwd'),
      'AZTEC_JOB_INVALID',
    )
  })

  it('requests to S3 are signed as Amazon documents it', () => {
    const now = Date.UTC(2013, 4, 24)
    const about = { region: 'us-east-1', now } as const
    const signatureOf = (headers: Readonly<Record<string, string>>): string | undefined =>
      headers['authorization']?.split('Signature=')[1]
    const url = (path: string): URL => new URL(`https://examplebucket.s3.amazonaws.com${path}`)
    const ranged = signS3(
      { ...about, method: 'GET', url: url('/test.txt'), headers: { range: 'bytes=0-9' } },
      CREDENTIALS,
    )
    expect(signatureOf(ranged)).to.equal('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
    const listed = signS3({ ...about, method: 'GET', url: url('/?max-keys=2&prefix=J') }, CREDENTIALS)
    expect(signatureOf(listed)).to.equal('34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7')
  })

  describe('a server that speaks S3', () => {
    const objects = new Map<string, Buffer>()
    let server: Server
    let status = 200
    let endpoint = ''

    before(async () => {
      server = createServer((request, response) => {
        void request.toArray().then((parts: Buffer[]) => {
          const body = Buffer.concat(parts)
          const { headers, url = '', method } = request
          const signed = signS3(
            {
              ...{ method: method as 'GET' | 'PUT', url: new URL(url, endpoint), region: 'auto', body },
              now: Date.parse(
                String(headers['x-amz-date']).replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'),
              ),
            },
            CREDENTIALS,
          )
          const hash = createHash('sha256').update(body).digest('hex')
          const isRight =
            signed['authorization'] === headers['authorization'] && headers['x-amz-content-sha256'] === hash
          if (!isRight || status !== 200) return response.writeHead(isRight ? status : 403).end()
          if (method === 'PUT') objects.set(decodeURIComponent(url), body)
          const object = objects.get(decodeURIComponent(url))
          return response.writeHead(object === undefined ? 404 : 200).end(method === 'PUT' ? '' : object)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })

    const open = (secretAccessKey = CREDENTIALS.secretAccessKey) =>
      openExchange({
        ...{ store: `s3://proofs/epochs?endpoint=${endpoint}`, clock: systemClock },
        credentials: { ...CREDENTIALS, secretAccessKey },
      })

    it('holds them under the same names', async () => {
      const uri = `s3://proofs/epochs/inputs/PARITY_BASE/${id}`
      await rejected(open().load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
      objects.set(`/proofs/epochs/inputs/PARITY_BASE/${id}`, Buffer.from(INPUTS))
      expect(Buffer.from(await open().load(id, job, uri)).equals(INPUTS)).to.equal(true)
      expect(await open().save(id, job, '{}')).to.equal(`s3://proofs/epochs/outputs/PARITY_BASE/${id}.json`)
      expect(objects.get(`/proofs/epochs/outputs/PARITY_BASE/${id}.json`)?.toString()).to.equal('{}')
      await rejected(open().load(id, job, uri.replace('proofs', 'others')), 'AZTEC_STORE_REFUSED')
    })

    it('that refuses or fails costs no job', async () => {
      const uri = `s3://proofs/epochs/inputs/PARITY_BASE/${id}`
      await rejected(open('wrong').load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
      status = 503
      await rejected(open().load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
      await rejected(open().save(id, job, '{}'), 'AZTEC_INPUTS_UNAVAILABLE')
      status = 200
    })

    it('is not opened without credentials', () => {
      for (const store of [`s3://proofs?endpoint=${endpoint}`, 'ftp://proofs']) {
        expect(() => openExchange({ store, clock: systemClock }))
          .to.throw()
          .with.property('code', 'AZTEC_CONFIG_INVALID')
      }
    })
  })
})
