import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the command line. */
export const CLI_ERRORS = {
  CLI_USAGE: {
    hint: 'Add --help to the command: it shows the arguments, the options and an example.',
    retryable: false,
  },
  CLI_CONFIG_INVALID: {
    hint: 'Correct the configuration file, or name another with --config; docs/cli.md lists its fields.',
    retryable: false,
  },
  CLI_SETTING_MISSING: {
    hint: 'Give it as an option, in the environment, or in the file gevulot.json; docs/cli.md lists all settings.',
    retryable: false,
  },
  CLI_KEY_UNSAFE: {
    hint: 'Name the file with the key; it must be a regular file that only its owner can read: chmod 600 <file>.',
    retryable: false,
  },
  CLI_KEY_LOCKED: {
    hint: 'Give the password of the keystore in GEVULOT_KEY_PASSWORD, in the file of GEVULOT_KEY_PASSWORD_FILE, or at the prompt.',
    retryable: false,
  },
  CLI_ARCHIVE_OTHER: {
    hint: 'An archive is of one chain, account and program: give those that it was begun with, or another directory.',
    retryable: false,
  },
  CLI_FILE_EXISTS: {
    hint: 'Nothing is overwritten: choose another place, or move away what is there.',
    retryable: false,
  },
  CLI_STOPPED: {
    hint: 'It may be in the chain, or come into it: look it up by its hash before the command is repeated.',
    retryable: false,
  },
  CLI_FILE_UNREADABLE: {
    hint: 'Check the path and its permissions.',
    retryable: false,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link CLI_ERRORS}. */
export const cliError = errorFactory(CLI_ERRORS)
