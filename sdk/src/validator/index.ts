export { loadValidatorConfig, VALIDATOR_FIELDS, validatorHelp, type ValidatorConfig } from './config/ValidatorConfig.js'
export type { Case, Exhibit, Finding, Judging } from './judge/Case.js'
export { Validator } from './Validator.js'
export { VerdictJournal, type VerdictKey } from './verdict/VerdictJournal.js'
