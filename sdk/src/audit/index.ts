export { auditCommittees, type CommitteeAudit } from './auditCommittees.js'
export { auditDraw, type DrawAudit } from './auditDraw.js'
export type { DrawFacts } from './DrawFacts.js'
export { readDrawFacts } from './readDrawFacts.js'
export { recomputeCommittee, type CommitteeFacts, type RecomputedCommittee } from './recomputeCommittee.js'
export { recomputeDraw, type RecomputedDraw } from './recomputeDraw.js'
export { auditPayments, type PaymentAudit } from './auditPayments.js'
export {
  expectedPayments,
  type ExpectedPayments,
  type Payment,
  type PaymentFacts,
  type Payments,
} from './expectedPayments.js'
export { expectedVerdict, type ExpectedVerdict } from './expectedVerdict.js'
