/** Acts of accounts: money and submitter keys. */
import { MaxUint256, parseEther } from 'ethers'

import * as balances from '../protocol/balances.js'
import * as registry from '../protocol/registry.js'
import * as relay from '../protocol/relay.js'
import type { Call, Scene } from './call.js'
import { choose } from './step.js'

const DAY = 86_400

/** The call of an account's act; undefined for other acts. */
export function accountAct(scene: Scene): Call | undefined {
  return moneyAct(scene) ?? allowanceAct(scene) ?? keyAct(scene)
}

function allowanceAct({ world, state, caller, now, step: { act, n } }: Scene): Call | undefined {
  switch (act) {
    case 'approve': {
      const amount = n % 3 === 0 ? undefined : parseEther(`${n % 700}`)
      const args = [world.contracts.addresses.market, amount ?? MaxUint256]
      return { target: 'token', name: act, args, play: (s, m) => balances.approve(s, m, amount) }
    }
    case 'permit': {
      const amount = parseEther(`${n % 500}`)
      const used = state.permits.get(caller) ?? 0
      // Now and then one that was used, one that is not due yet, one of another, or one for another amount.
      const nonce = n % 11 === 0 ? used + 1 : n % 7 === 0 && used > 0 ? used - 1 : used
      const signer = n % 13 === 0 ? world.stranger : caller
      const signedFor = n % 17 === 0 ? amount + 1n : amount
      const isSigned = signer === caller && signedFor === amount
      const permit = { amount, deadline: now + (n % 5) - 1, nonce, isSigned }
      const { v, r, s: half } = world.permit(signer, caller, { ...permit, amount: signedFor })
      const args = [caller, amount, permit.deadline, v, r, half]
      const play: Call['play'] = (s, m) => balances.depositWithPermit(s, m, permit)
      return { target: 'market', name: 'depositWithPermit', args, play }
    }
    default:
      return undefined
  }
}

function moneyAct({ world, caller, step: { act, n } }: Scene): Call | undefined {
  const amount = (parseEther('20000') * BigInt(n)) / 9_000n
  const everyone = world.addresses
  switch (act) {
    case 'deposit': {
      const play: Call['play'] = (s, m) => balances.deposit(s, m, amount)
      return { target: 'market', name: act, args: [caller, amount], play }
    }
    case 'withdraw': {
      const part = amount / 8n
      const play: Call['play'] = (s, m) => balances.withdraw(s, m, part)
      return { target: 'market', name: act, args: [caller, part], play }
    }
    case 'burnFees':
      return { target: 'market', name: act, args: [everyone], play: (s) => balances.burnFees(s) }
    case 'burnSlashes':
      return { target: 'registry', name: act, args: [everyone], play: (s) => registry.burnSlashes(s) }
    case 'withdrawBounty':
      return { target: 'registry', name: act, args: [caller], play: (s, m) => registry.withdrawBounty(s, m) }
    default:
      return undefined
  }
}

function keyAct({ world, state, caller, now, step: { act, n } }: Scene): Call | undefined {
  const key = choose(world.keys, n)!
  switch (act) {
    case 'nameSubmitter': {
      const until = now + [DAY, 30, 366 * DAY, 2, 0, 366 * DAY + 1][(n >> 1) % 6]!
      const play: Call['play'] = (s, m) => relay.nameSubmitter(s, m, key, until)
      return { target: 'relay', name: act, args: [key, until], play }
    }
    case 'revokeSubmitter':
      return { target: 'relay', name: act, args: [key], play: (s, m) => relay.revokeSubmitter(s, m, key) }
    case 'cancelNonce': {
      const used = [...(state.nonces.get(caller) ?? [])]
      const nonce = n % 2 === 0 && used.length > 0 ? choose(used, n >> 1)! : n
      return { target: 'relay', name: act, args: [nonce], play: (s, m) => relay.cancelNonce(s, m, nonce) }
    }
    default:
      return undefined
  }
}
