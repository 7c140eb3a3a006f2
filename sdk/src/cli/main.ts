#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { cliError } from '../errors/codes/cli.js'
import { commands } from './commands/index.js'
import { Context } from './Context.js'
import { EXIT_CODES } from './exitCodes.js'
import { Output } from './Output.js'
import { buildProgram, type Call } from './program.js'
import { reportError } from './reportError.js'

/** Runs one command and answers the exit code. */
async function main(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const { stdout, stderr } = process
  const output = new Output({
    json: argv.includes('--json'),
    columns: stdout.isTTY ? stdout.columns : undefined,
    colour: stdout.isTTY && stderr.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
    progressColumns: stderr.isTTY && environment['TERM'] !== 'dumb' ? stderr.columns : undefined,
    write: (text) => void stdout.write(text),
    complain: (text) => void stderr.write(text),
  })
  // By itself Node ends with 1, which says that a repetition will not help: supervisors leave a server alone after that.
  process.on('uncaughtException', (error) => {
    reportError(error, output)
    process.exit(EXIT_CODES.bug.code)
  })
  const signal = stopSignal()
  let newest: string | undefined
  try {
    const call = read(argv)
    if (call === undefined) return EXIT_CODES.ok.code
    const { command, args, options, settings, configPath } = call
    const onSigned = (transaction: string): void => void (newest = transaction)
    const context = new Context({ output, options: settings, configPath, environment, signal, onSigned })
    const report = await command.run({ args, options, context })
    if (report === undefined) return EXIT_CODES.ok.code
    output.report(report.json, report.text, report.whole)
    return EXIT_CODES[report.exit ?? 'ok'].code
  } catch (error) {
    return reportError(error, output, signal.aborted ? { newest } : undefined)
  } finally {
    output.still()
  }
}

/** Reads the command line; undefined when help or version were shown. */
function read(argv: readonly string[]): Call | undefined {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  let call: Call | undefined
  try {
    buildProgram(commands, manifest.version, (read) => (call = read)).parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    if (error.code !== 'commander.help') throw cliError('CLI_USAGE', error.message.replace(/^error: /, ''))
    throw cliError('CLI_USAGE', 'no command is given')
  }
  return call
}

/** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted.code)
    controller.abort(new Error('stopped'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  // Whoever reads the output may stop reading: `gevulot workload list | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok.code)
    throw error
  })
  // Nor need anybody read the notes, or have room for them: what a server does goes on, and so does what a command has begun to pay for.
  process.stderr.on('error', () => undefined)
  return controller.signal
}

void main(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code
  // Providers keep timers and sockets. What was written to a pipe must have left before the process ends.
  process.stdout.write('', () => process.exit(code))
})
