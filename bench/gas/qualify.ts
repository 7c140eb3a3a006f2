import { getBytes, parseEther, type ContractTransactionResponse, type Signer } from 'ethers'

import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { QUALIFICATION_DEFAULTS } from '../../sdk/src/deploy/parameters.js'
import { solveHashcash } from '../../sdk/src/worker/index.js'
import type { Network } from './Network.js'

const CLASS = 2
const COUNT = 128
/** Low: what is measured is the gas of the check, which does not depend on it. */
const WORK = 200
const WINDOW = 480
const LAG_BLOCKS = 4

/** Gas of the acts of qualification, by hashcash. */
export interface QualifyGas {
  readonly stake: number
  readonly open: number
  readonly start: number
  readonly join: number
  readonly stay: number
  readonly evict: number
}

/** Gives class 2 a puzzle and measures each act; the steady state, so the second of its kind. */
export async function qualifyGas(net: Network): Promise<QualifyGas> {
  const { contracts } = net
  const { registry, qualification } = contracts
  const owner = contracts.runner as Signer
  const [first, second] = [...net.operators.values()]
  if (first === undefined || second === undefined) throw new Error('no operators')
  await registry.setClassBond(CLASS, { bond: parseEther('1000'), slashBps: 1000, bountyBps: 1000, declineQuota: 4 })
  const { address: puzzle } = await deployContract(owner, 'HashcashPuzzle', [WORK, COUNT])
  const { address: beacon } = { address: contracts.addresses.beacon }
  const policy = { ...QUALIFICATION_DEFAULTS, fractionBps: 10_000, window: WINDOW, puzzle, beacon }
  await qualification.setPolicy(CLASS, policy)

  const check = async (): Promise<{ open: number; start: number }> => {
    await net.pass(QUALIFICATION_DEFAULTS.period)
    const open = await gasOf(qualification.open(CLASS))
    for (let block = 0; block < LAG_BLOCKS; block++) await net.pass(1)
    return { open, start: await gasOf(qualification.start(CLASS)) }
  }
  const answer = async (operator: Signer, seat: number): Promise<number> => {
    const [, number] = await qualification.scheduleOf(CLASS)
    const seed = getBytes(await qualification.seedOf(CLASS, number, seat))
    const { solution } = await solveHashcash({ seed, work: BigInt(WORK), count: COUNT, threads: 1 })
    return gasOf(qualification.connect(operator).answer(seat, solution))
  }
  const stake = async (operator: Signer): Promise<{ seat: number; gas: number }> => {
    const seat = Number(await registry.connect(operator).stake.staticCall(CLASS, 1, 0))
    return { seat, gas: await gasOf(registry.connect(operator).stake(CLASS, 1, 0)) }
  }

  const staying = await stake(first)
  await check()
  await answer(first, staying.seat)
  const joining = await stake(second)
  const { open, start } = await check()
  const join = await answer(second, joining.seat)
  const stay = await answer(first, staying.seat)
  await check()
  await net.pass(WINDOW + 1)
  const [, number] = await qualification.scheduleOf(CLASS)
  const keeper = qualification.connect(net.keeper)
  await gasOf(keeper.evict(CLASS, number, [staying.seat]))
  return {
    stake: joining.gas,
    open,
    start,
    join,
    stay,
    evict: await gasOf(keeper.evict(CLASS, number, [joining.seat])),
  }
}

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait()
  if (receipt === null) throw new Error('a transaction was not mined')
  return Number(receipt.gasUsed)
}
