import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { expect } from 'chai'

import { openExchange } from '../../sdk/src/aztec/exchange/openExchange.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { systemClock } from '../../sdk/src/clock.js'
import { S3Bucket } from '../../sdk/src/content/s3/S3Bucket.js'
import { inputsOf, jobOf } from '../support/aztec/Producer.js'
import { rejected } from '../support/rejected.js'
import { S3_CREDENTIALS, startS3Server } from '../support/stores/s3Server.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const INPUTS = inputsOf('PARITY_BASE', 9)
const { id, inputsUri } = jobOf(4, 'PARITY_BASE', INPUTS)
const job = parseJobId(id)

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

  describe('a server that speaks S3', () => {
    let s3: Awaited<ReturnType<typeof startS3Server>>
    /** The same bucket, as the broker's producer sees it. */
    let bucket: S3Bucket

    before(async () => {
      s3 = await startS3Server(join(directory(), 's3'))
      bucket = new S3Bucket({ uri: 's3://content/epochs', endpoint: s3.endpoint, credentials: S3_CREDENTIALS })
    })
    after(() => s3.stop())

    const open = (endpoint = s3.endpoint, secretAccessKey = S3_CREDENTIALS.secretAccessKey) =>
      openExchange({
        ...{ store: `s3://content/epochs?endpoint=${endpoint}`, clock: systemClock },
        credentials: { ...S3_CREDENTIALS, secretAccessKey },
      })
    const uri = `s3://content/epochs/inputs/PARITY_BASE/${id}`

    it('holds them under the same names', async () => {
      await rejected(open().load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
      await bucket.send({ method: 'PUT', key: `inputs/PARITY_BASE/${id}`, body: Uint8Array.from(INPUTS) })
      expect(Buffer.from(await open().load(id, job, uri)).equals(INPUTS)).to.equal(true)
      expect(await open().save(id, job, '{}')).to.equal(`s3://content/epochs/outputs/PARITY_BASE/${id}.json`)
      const saved = await bucket.send({ method: 'GET', key: `outputs/PARITY_BASE/${id}.json` })
      expect(await saved.text()).to.equal('{}')
      await rejected(open().load(id, job, uri.replace('content', 'others')), 'AZTEC_STORE_REFUSED')
    })

    it('that refuses or fails costs no job', async () => {
      await rejected(open(s3.endpoint, 'wrong').load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
      const failing = createServer((_, response) => response.writeHead(503).end())
      await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve))
      const endpoint = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`
      await rejected(open(endpoint).load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
      await rejected(open(endpoint).save(id, job, '{}'), 'AZTEC_INPUTS_UNAVAILABLE')
      failing.closeAllConnections()
      failing.close()
      await rejected(open(endpoint).load(id, job, uri), 'AZTEC_INPUTS_UNAVAILABLE')
    })

    it('is not opened without credentials, nor from another name', () => {
      for (const store of [`s3://content?endpoint=${s3.endpoint}`, 'ftp://proofs']) {
        expect(() => openExchange({ store, clock: systemClock }))
          .to.throw()
          .with.property('code', 'AZTEC_CONFIG_INVALID')
      }
      const credentials = S3_CREDENTIALS
      expect(() => openExchange({ store: 's3://proofs?enpoint=x', clock: systemClock, credentials }))
        .to.throw()
        .with.property('code', 'AZTEC_CONFIG_INVALID')
    })
  })
})
