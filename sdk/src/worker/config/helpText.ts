import type { ConfigTable } from './ConfigField.js'
import { RUNNER_FIELDS } from './RunnerConfig.js'
import { WORKER_FIELDS } from './WorkerConfig.js'

const USAGE = `Usage: gevulot-worker [config.json]

Runs a prover: follows the chain, works for the seats of one account, sends its proofs.
Fields of the JSON file, each overruled by its environment variable:
`

const FOR_RUNNERS = `
A runner of a fleet, "roles": ["runner"], takes only: ${Object.keys(RUNNER_FIELDS).join(', ')}.
`

const EXIT_CODES = `
Exit codes: 0 stopped as asked, 1 wrong configuration or use, 75 temporary failure (start again).
`

/** What the worker's `--help` prints. */
export function helpText(): string {
  return helpOf(WORKER_FIELDS, `${USAGE}${FOR_RUNNERS}`)
}

/** A page of help, made from the table of fields. */
export function helpOf(table: ConfigTable, usage: string): string {
  const fields = Object.entries(table).map(([name, { env, description, fallback, secret }]) => {
    const usual = secret ? 'nothing' : JSON.stringify(fallback)
    const value = fallback === undefined ? 'required' : `default ${usual}`
    return `  ${name} (${env}), ${value}\n      ${description}\n`
  })
  return `${usage}\n${fields.join('')}${EXIT_CODES}`
}
