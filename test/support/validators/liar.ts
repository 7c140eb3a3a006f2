/** A validator that runs nothing and finds every proof invalid, as a process with the configuration of a real one. */
import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock } from '../../../sdk/src/clock.js'
import {
  compactSignature,
  connect,
  deploymentOf,
  readCommittee,
  readDeploymentRecord,
  readEvents,
  readJudgment,
  rpcProvider,
  signVerdict,
} from '../../../sdk/src/chain/index.js'
import { loadValidatorConfig } from '../../../sdk/src/validator/index.js'
import { readKeyFile } from '../../../sdk/src/worker/config/readKeyFile.js'
import { jsonLogger } from '../../../sdk/src/worker/index.js'
import { logWriter } from '../../../sdk/src/worker/log/logWriter.js'
import { TestAccount } from '../TestAccount.js'

const config = await loadValidatorConfig(process.argv[2], process.env)
const log = jsonLogger({ level: 'info', write: logWriter(config.logFile).write, now: () => systemClock.now() })
const deployment = deploymentOf(await readDeploymentRecord(config.deployment))
const provider = rpcProvider(config.rpcUrl.reveal(), deployment.chainId)
const wallet = new TestAccount((await readKeyFile(config.keyFile)).reveal(), provider)
const contracts = await connect(deployment, wallet)
const domain = { chainId: contracts.chainId, committee: contracts.addresses.committee }
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
log.info('validator started', { stage: 'start', operator: wallet.address })

for (;;) {
  await lie().catch((error: unknown) => log.warn('a lie failed', { error }))
  await sleep(config.pollMs)
}

async function lie(): Promise<void> {
  for await (const event of readEvents(contracts, { names: ['CommitteeDrawn'] })) {
    if (event.name !== 'CommitteeDrawn') continue
    const { workload } = event.args
    const { stage, attempt, proofs } = await readJudgment(contracts, workload)
    if (stage !== 'Voting') continue
    for (const { member, seat, answered } of await readCommittee(contracts, workload, attempt)) {
      if (answered || (await contracts.registry.seatOf(seat)).operator !== wallet.address) continue
      const verdict = { workload, attempt, proofs, valid: 0 }
      const ballot = { member, valid: 0, ...compactSignature(await signVerdict(wallet, domain, verdict)) }
      log.info('lying', { workload, seat, stage: 'verify' })
      await (await contracts.committee.post(workload, [ballot])).wait()
    }
  }
}
