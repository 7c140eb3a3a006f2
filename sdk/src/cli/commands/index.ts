// Made by `npm run gen` of the files in this folder.
import type { Command } from '../Command.js'
import { accountBalance } from './accountBalance.js'
import { accountDeposit } from './accountDeposit.js'
import { accountFund } from './accountFund.js'
import { accountNew } from './accountNew.js'
import { accountWithdraw } from './accountWithdraw.js'
import { accountWithdrawAppeals } from './accountWithdrawAppeals.js'
import { apiAccounts } from './apiAccounts.js'
import { apiAddKey } from './apiAddKey.js'
import { apiListKeys } from './apiListKeys.js'
import { apiRevokeKey } from './apiRevokeKey.js'
import { apiServe } from './apiServe.js'
import { auditDraw } from './auditDraw.js'
import { auditPayments } from './auditPayments.js'
import { aztecDeployBonds } from './aztecDeployBonds.js'
import { aztecFundBonds } from './aztecFundBonds.js'
import { aztecOpenBond } from './aztecOpenBond.js'
import { aztecPost } from './aztecPost.js'
import { aztecServe } from './aztecServe.js'
import { aztecSettleBond } from './aztecSettleBond.js'
import { aztecShowBond } from './aztecShowBond.js'
import { aztecSignBond } from './aztecSignBond.js'
import { aztecWithdrawBonds } from './aztecWithdrawBonds.js'
import { completion } from './completion.js'
import { devnet } from './devnet.js'
import { doctor } from './doctor.js'
import { init } from './init.js'
import { nanosInstall } from './nanosInstall.js'
import { programBuild } from './programBuild.js'
import { programDeploy } from './programDeploy.js'
import { programLint } from './programLint.js'
import { programList } from './programList.js'
import { programRun } from './programRun.js'
import { programShow } from './programShow.js'
import { proofArchive } from './proofArchive.js'
import { proverApprove } from './proverApprove.js'
import { proverDecline } from './proverDecline.js'
import { proverHistory } from './proverHistory.js'
import { proverJoin } from './proverJoin.js'
import { proverLeave } from './proverLeave.js'
import { proverNameSubmitter } from './proverNameSubmitter.js'
import { proverRerun } from './proverRerun.js'
import { proverRevokeSubmitter } from './proverRevokeSubmitter.js'
import { proverRewards } from './proverRewards.js'
import { proverRun } from './proverRun.js'
import { proverStake } from './proverStake.js'
import { proverStatus } from './proverStatus.js'
import { proverTopUp } from './proverTopUp.js'
import { proverWaiting } from './proverWaiting.js'
import { proverWithdraw } from './proverWithdraw.js'
import { proverWithdrawBounty } from './proverWithdrawBounty.js'
import { relayServe } from './relayServe.js'
import { validatorRun } from './validatorRun.js'
import { validatorStatus } from './validatorStatus.js'
import { workloadAppeal } from './workloadAppeal.js'
import { workloadCancel } from './workloadCancel.js'
import { workloadFetch } from './workloadFetch.js'
import { workloadJudging } from './workloadJudging.js'
import { workloadList } from './workloadList.js'
import { workloadQuote } from './workloadQuote.js'
import { workloadRelease } from './workloadRelease.js'
import { workloadStatus } from './workloadStatus.js'
import { workloadSubmit } from './workloadSubmit.js'
import { workloadSubmitMany } from './workloadSubmitMany.js'
import { workloadWatch } from './workloadWatch.js'

/** Every command, by name. */
export const commands: readonly Command[] = [
  accountBalance,
  accountDeposit,
  accountFund,
  accountNew,
  accountWithdraw,
  accountWithdrawAppeals,
  apiAccounts,
  apiAddKey,
  apiListKeys,
  apiRevokeKey,
  apiServe,
  auditDraw,
  auditPayments,
  aztecDeployBonds,
  aztecFundBonds,
  aztecOpenBond,
  aztecPost,
  aztecServe,
  aztecSettleBond,
  aztecShowBond,
  aztecSignBond,
  aztecWithdrawBonds,
  completion,
  devnet,
  doctor,
  init,
  nanosInstall,
  programBuild,
  programDeploy,
  programLint,
  programList,
  programRun,
  programShow,
  proofArchive,
  proverApprove,
  proverDecline,
  proverHistory,
  proverJoin,
  proverLeave,
  proverNameSubmitter,
  proverRerun,
  proverRevokeSubmitter,
  proverRewards,
  proverRun,
  proverStake,
  proverStatus,
  proverTopUp,
  proverWaiting,
  proverWithdraw,
  proverWithdrawBounty,
  relayServe,
  validatorRun,
  validatorStatus,
  workloadAppeal,
  workloadCancel,
  workloadFetch,
  workloadJudging,
  workloadList,
  workloadQuote,
  workloadRelease,
  workloadStatus,
  workloadSubmit,
  workloadSubmitMany,
  workloadWatch,
]
