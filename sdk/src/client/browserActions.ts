import { appeal, getJudging, withdrawAppeals } from './appeal.js'
import { cancel } from './cancel.js'
import { deployProgram } from './deployProgram.js'
import { deposit } from './deposit.js'
import { assign, clear, settle, slash } from './endWorkload.js'
import { fetchProof } from './fetchProof.js'
import { getBalance } from './getBalance.js'
import { getProgram } from './getProgram.js'
import { getWorkload } from './getWorkload.js'
import { claimRewards, findUnrecorded, getRewards, recordRewards } from './networkRewards.js'
import { proveWithin } from './proveWithin.js'
import { publishInputs } from './publishInputs.js'
import { quote } from './quote.js'
import { release } from './release.js'
import { releaseWhenServed } from './releaseWhenServed.js'
import { settleMany } from './settleMany.js'
import { submit } from './submit.js'
import { submitMany } from './submitMany.js'
import { getDuties } from './validators.js'
import { verifyProof } from './verifyProof.js'
import { waitForProof } from './waitForProof.js'
import { waitForProofs } from './waitForProofs.js'
import { watchWorkload } from './watchWorkload.js'
import { watchWorkloads } from './watchWorkloads.js'
import { withdraw } from './withdraw.js'

/** The actions that work in a browser too: all that need no file and no sandbox. */
export const browserActions = {
  appeal,
  assign,
  cancel,
  claimRewards,
  clear,
  deployProgram,
  deposit,
  fetchProof,
  findUnrecorded,
  getBalance,
  getDuties,
  getJudging,
  getProgram,
  getRewards,
  getWorkload,
  proveWithin,
  publishInputs,
  quote,
  recordRewards,
  release,
  releaseWhenServed,
  settle,
  settleMany,
  slash,
  submit,
  submitMany,
  verifyProof,
  waitForProof,
  waitForProofs,
  watchWorkload,
  watchWorkloads,
  withdraw,
  withdrawAppeals,
}
