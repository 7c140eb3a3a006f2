export { auditDraw, type DrawAudit } from './auditDraw.js'
export { auditPayments, type PaymentAudit } from './auditPayments.js'
export {
  expectedPayments,
  type ExpectedPayments,
  type Payment,
  type PaymentFacts,
  type Payments,
} from './expectedPayments.js'
export { expectedVerdict, type ExpectedVerdict } from './expectedVerdict.js'
