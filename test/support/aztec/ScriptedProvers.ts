import { setTimeout as sleep } from 'node:timers/promises'

import { isError } from 'ethers'

import { CIRCUITS } from '../../../programs/aztec-jobs/circuits/index.js'
import { keyOf, SERVED } from '../../../programs/aztec-jobs/build.js'
import { ownCircuits, simulateBundle } from '../../../programs/aztec-jobs/simulate.js'
import { bundleProof, readStatement } from '../../../sdk/src/aztec/protocol/bundle.js'
import type { JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { readEvents, type WorkloadId } from '../../../sdk/src/chain/index.js'
import { signDelivery } from '../../../sdk/src/client/delivery/signDelivery.js'
import type { DeliveryInbox } from '../../../sdk/src/client/delivery/DeliveryInbox.js'
import type { GevulotClient } from '../../../sdk/src/client/createClient.js'
import type { ContentStore } from '../../../sdk/src/content/ContentStore.js'
import { digestFromHex } from '../../../sdk/src/content/digest.js'
import { parseInputsManifest } from '../../../sdk/src/content/InputsManifest.js'
import { GevulotError } from '../../../sdk/src/errors/GevulotError.js'
import { sealProof } from '../../../sdk/src/crypto/sealedProof.js'
import { operatorOf, prover, SALT, type Network } from '../network.js'

/** What a seat does with a bundle: its results, changed ones, or nothing; at once or later. */
export type Answer = (
  right: Uint8Array,
  ids: readonly string[],
  slot: number,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/**
 * Seats that work on every workload of real contracts, at once and by a script: they are drawn, compute what the program computes, commit, and
 * deliver it sealed.
 */
export class ScriptedProvers {
  /** The bundles that were worked on: the ids of their jobs. */
  readonly bundles: (readonly string[])[] = []
  /** By default what is right. */
  answer: Answer = (right) => right
  readonly #network: Network
  readonly #client: GevulotClient
  readonly #store: ContentStore
  readonly #inbox: DeliveryInbox
  readonly #done = new Set<WorkloadId>()
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(network: Network, client: GevulotClient, store: ContentStore, inbox: DeliveryInbox) {
    this.#network = network
    this.#client = client
    this.#store = store
    this.#inbox = inbox
  }

  async start(): Promise<this> {
    const keys = new Map<JobTypeName, Uint8Array>()
    for (const type of SERVED)
      if (CIRCUITS[type] !== undefined && type !== 'PUBLIC_VM') keys.set(type, await keyOf(type))
    this.#running = this.#run(keys)
    return this
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(keys: ReadonlyMap<JobTypeName, Uint8Array>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      for (const workload of await this.#fresh()) {
        this.#done.add(workload)
        // A test may move time under it; whoever asked gets nothing then, and asks again.
        await this.#serve(workload, keys).catch((error: unknown) => {
          if (!(error instanceof GevulotError) && !isError(error, 'CALL_EXCEPTION')) throw error
        })
      }
      await sleep(20)
    }
  }

  async #fresh(): Promise<WorkloadId[]> {
    const fresh: WorkloadId[] = []
    for await (const event of readEvents(this.#client.contracts, { names: ['Submitted'] })) {
      if (event.name === 'Submitted' && !this.#done.has(event.args.workload)) fresh.push(event.args.workload)
    }
    return fresh
  }

  async #serve(workload: WorkloadId, keys: ReadonlyMap<JobTypeName, Uint8Array>): Promise<void> {
    await this.#network.chain.mine(4)
    await this.#client.assign({ workload })
    const { slots, spec } = await this.#client.getWorkload({ workload })
    // None: time was moved past its draw.
    if (slots.length === 0) return
    const options = { maxBytes: 2 ** 26 }
    const { files } = parseInputsManifest(await this.#store.get(spec.inputs, options))
    const read = new Map<string, Uint8Array>()
    for (const { name, sha256 } of files) read.set(name, await this.#store.get(digestFromHex(sha256), options))
    const statement = read.get('public_inputs')!
    const ids = readStatement(statement)
    this.bundles.push(ids)
    const results = await simulateBundle(statement, (name) => read.get(name)!, ownCircuits((type) => keys.get(type)!), () => undefined) // prettier-ignore
    const right = bundleProof(statement, results)
    for (const [index, { seat }] of slots.entries()) {
      const proof = await this.answer(right, ids, index)
      if (proof === undefined) {
        await prover.fail(this.#network, spec, seat, 'ProgramFailed')
        continue
      }
      await prover.commit(this.#network, workload, seat, proof)
      const sealed = sealProof({ proof, salt: SALT }, spec.deliveryKey)
      const { account } = operatorOf(this.#network, seat)
      await this.#inbox.put(await signDelivery(account, this.#network.deployment, { workload, seat, sealed }))
    }
  }
}
