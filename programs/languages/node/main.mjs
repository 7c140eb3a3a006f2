// Four hash chains, a thread each: the job of ../chains.ts in JavaScript.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const LANES = 4
const WORD = 32

/** What is wrong with a job, in words for whoever reads result.json. */
class JobError extends Error {}

/** @param {Uint8Array[]} parts */
function sha256(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** @typedef {{ readonly seed: Uint8Array, readonly lane: number, readonly steps: number }} Chain */

/** @param {Chain} chain */
function endOf({ seed, lane, steps }) {
  let end = sha256(seed, Uint8Array.of(lane))
  for (let step = 1; step < steps; step++) end = sha256(end)
  return end
}

/**
 * @param {Chain} chain
 * @returns {Promise<Uint8Array>}
 */
function inThread(chain) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(import.meta.filename, { workerData: chain })
    thread.once('message', resolve)
    thread.once('error', reject)
  })
}

function readPublicInputs() {
  try {
    return readFileSync('/in/public_inputs')
  } catch {
    throw new JobError('the file /in/public_inputs is missing')
  }
}

async function prove() {
  const input = readPublicInputs()
  if (input.length !== 2 * WORD) throw new JobError('public_inputs is not two words of 32 bytes')
  const seed = input.subarray(0, WORD)
  const steps = input.readUInt32BE(2 * WORD - 4)
  if (steps === 0 || input.subarray(WORD, 2 * WORD - 4).some((byte) => byte !== 0))
    throw new JobError('the number of steps is not 1 to 2^32 - 1')
  const proof = Buffer.concat(
    await Promise.all(Array.from({ length: LANES }, (_, lane) => inThread({ seed, lane, steps }))),
  )
  console.log(`JavaScript: ${LANES} lanes, ${LANES} threads`)
  return proof
}

async function answer() {
  try {
    const proof = await prove()
    writeFileSync('/out/proof', proof)
    return { status: 'ok', files: [{ name: 'proof', size: proof.length, sha256: sha256(proof).toString('hex') }] }
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    console.error(error.message)
    return { status: 'error', error: error.message, files: [] }
  }
}

if (isMainThread) {
  /** @type {{ nonce: string }} */
  const { nonce } = JSON.parse(readFileSync('/in/job.json', 'utf8'))
  const result = { schema: 'gevulot/result@1', nonce, ...(await answer()) }
  writeFileSync('/out/result.json', JSON.stringify(result))
} else {
  /** @type {Chain} */
  const chain = workerData
  parentPort?.postMessage(endOf(chain))
}
